// SPDX-License-Identifier: Apache-2.0
// One call or stream of google.golang.org/grpc, as the kernel side reports it: served, or made.
#pragma once

#include <cstdint>
#include <optional>

#include "events/event_base.h"

namespace nodespan::events {

enum class GrpcSide : uint8_t {
  kServer,
  kClient,
};

struct GrpcEvent {
  EventHeader header;
  GrpcSide side = GrpcSide::kServer;
  std::optional<uint32_t> code;  // google.rpc.Code, or what the other side made up. Absent: see `failed`.
  bool failed = false;           // Client: there is an error that has no code; its type and perhaps text are here.
  bool unregistered = false;     // Server: the method is none that it has.
  bool panicked = false;         // It ended with its process, by a panic.
  std::optional<uint64_t> error_type_vaddr;    // See model/type_names.h.
  std::optional<uint64_t> service_type_vaddr;  // Server: type of what implements the service. See model/code_symbols.h.
  std::optional<SocketAddress> peer;

  EventString method;      // "/package.Service/Method"
  EventString target;      // Client: what was dialled. Server: :authority, which is what the client dialled.
  EventString captured;    // Server: metadata that the user asked for. See events/captured_headers.h.
  EventString tracestate;  // Server.
  EventString message;     // Of the status, or of the error without code.
};

}  // namespace nodespan::events
