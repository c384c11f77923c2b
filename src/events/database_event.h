// SPDX-License-Identifier: Apache-2.0
// One call of a database, as the kernel side reports it. A value: the strings are views into the record.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "events/event_base.h"

namespace nodespan::events {

enum class DatabaseLibrary : uint8_t { kDatabaseSql, kRedis, kPgx, kMongo };

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
  kCommand,          // Of Redis or MongoDB.
  kPipeline,         // Of Redis, also a transaction: its first command is MULTI, its last one EXEC.
  kClusterPipeline,  // The same, sent to those servers of a cluster that it concerns.
  kBatch,            // Of pgx: statements sent together. The text is that of a single one.
  kCopy,             // Of pgx: COPY FROM. The query is the name of the table.
};

// A command of Redis as the record has it.
struct RedisCommand {
  std::string_view name;  // As sent; empty: not known.
  uint8_t argument_count = 0;
  static constexpr uint8_t kManyArguments = 0xff;  // So many, or more.
};

// The commands of a record, which are read one after the other.
class RedisCommands {
 public:
  RedisCommands() = default;
  // `bytes`: whole commands, as IsWhole says.
  explicit RedisCommands(std::string_view bytes) : rest_(bytes) {}
  static bool IsWhole(std::string_view bytes);

  // The next one; absent behind the last.
  std::optional<RedisCommand> Next();

 private:
  std::string_view rest_;
};

// The error that the call returned.
struct DatabaseError {
  std::optional<uint64_t> type_vaddr;  // Descriptor of the concrete Go type, which the reader cannot name.
  EventString type_name;               // The concrete Go type, "*github.com/lib/pq.Error". Empty: not known.
  EventString message;
  EventString code;                // SQLSTATE. Empty: the error has none, or it is not known.
  std::optional<uint32_t> number;  // The vendor's.
  bool is_answer = false;          // The library, or the driver, makes errors of this type of what the server answers.
  bool is_panic = false;           // There is no error: the driver panicked, or runtime.Goexit was called.
};

struct DatabaseEvent {
  EventHeader header;
  DatabaseLibrary library = DatabaseLibrary::kDatabaseSql;
  DatabaseOperation operation = DatabaseOperation::kQuery;
  std::optional<uint64_t> driver_type_vaddr;  // As above.
  // The concrete type behind driver.Conn, "*github.com/lib/pq.conn". Of a call that got no connection that of the
  // driver.Connector or driver.Driver, of the same package.
  EventString driver_type;
  // MongoDB, of what was not sent: the function that makes the command, which the reader cannot name.
  std::optional<uint64_t> function_vaddr;
  EventString function;    // "go.mongodb.org/mongo-driver/v2/mongo.(*findOp).command"; empty: not known.
  EventString query;       // Of queries, executions, kPrepare, kBatch and kCopy; of MongoDB BSON; else empty.
  RedisCommands commands;  // The first ones, of a pipeline.
  bool has_more_commands = false;
  // Commands of a pipeline, statements of a batch, documents that MongoDB writes; 0: not known.
  uint32_t batch_size = 0;
  // What the driver was told to connect to: a name, an address, with or without port, or the path of a Unix socket.
  EventString server_address;
  std::optional<uint16_t> server_port;
  EventString database;
  std::optional<uint32_t> database_index;
  std::optional<DatabaseError> error;    // Absent: the call succeeded.
  std::optional<uint64_t> pool_wait_ns;  // Time until the pool gave a connection; part of the span's time.
};

}  // namespace nodespan::events
