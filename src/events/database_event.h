// SPDX-License-Identifier: Apache-2.0
// One call through database/sql, as the kernel side reports it. A value: the strings are views into the record.
#pragma once

#include <cstdint>
#include <optional>

#include "events/event_base.h"

namespace nodespan::events {

enum class DatabaseOperation : uint8_t {
  kQuery,
  kExec,
  kPreparedQuery,  // (*Stmt).QueryContext: the text is that of the statement.
  kPreparedExec,
  kBegin,
  kCommit,
  kRollback,
  kPing,
  kPrepare,
};

// The error that the call returned.
struct DatabaseError {
  std::optional<uint64_t> type_vaddr;  // Descriptor of the concrete Go type, which the reader cannot name.
  EventString type_name;               // The concrete Go type, "*github.com/lib/pq.Error". Empty: not known.
  EventString message;
  EventString code;                // SQLSTATE. Empty: the error has none, or it is not known.
  std::optional<uint32_t> number;  // The vendor's.
  bool is_panic = false;           // There is no error: the driver panicked, or runtime.Goexit was called.
};

struct DatabaseEvent {
  EventHeader header;
  DatabaseOperation operation = DatabaseOperation::kQuery;
  std::optional<uint64_t> driver_type_vaddr;  // As above.
  EventString driver_type;                    // The concrete type behind driver.Conn, "*github.com/lib/pq.conn".
  EventString query;                          // Of queries, executions and kPrepare; else empty.
  // What the driver was told to connect to: a name, an address, with or without port, or the path of a Unix socket.
  EventString server_address;
  std::optional<uint16_t> server_port;
  EventString database;
  std::optional<DatabaseError> error;    // Absent: the call succeeded.
  std::optional<uint64_t> pool_wait_ns;  // Time until the pool gave a connection; part of the span's time.
};

}  // namespace nodespan::events
