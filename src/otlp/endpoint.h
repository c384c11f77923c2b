// SPDX-License-Identifier: Apache-2.0
// OTEL_EXPORTER_OTLP_[TRACES_]ENDPOINT -> where the gRPC channel goes (SPEC section 1.5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace nodespan::otlp {

struct Endpoint {
  std::string target;  // what gRPC's resolvers take: "dns:///host:port", "unix:///path", ...
  bool use_tls = true;
  std::vector<std::string> warnings;  // accepted, but perhaps not what was meant: an ignored path, a missing port
};

// Accepts http://host[:port] (plaintext), https://host[:port] (TLS), host[:port], and gRPC targets with the schemes
// dns, ipv4, ipv6, unix and unix-abstract. A http or https scheme decides about TLS, without one `insecure` does.
// Without a port 4317 is taken and a warning given; a path after the host is ignored with a warning.
// kInvalidArgument: anything else.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text, bool insecure);

}  // namespace nodespan::otlp
