// SPDX-License-Identifier: Apache-2.0
// The server that a gRPC dial target names (https://github.com/grpc/grpc/blob/master/doc/naming.md). Pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nodespan::spans {

struct GrpcServerName {
  std::string_view address;  // A host, the path of a Unix socket, or the whole target when it names no single server.
  std::optional<uint16_t> port;  // Absent: not said, or none.

  bool operator==(const GrpcServerName&) const = default;
};

// "dns:///host:port" and "host:port" -> host, port; "unix:///path" -> path; several addresses and schemes that are not
// known -> the whole target (SPEC section 3.3).
GrpcServerName ParseGrpcTarget(std::string_view target);

}  // namespace nodespan::spans
