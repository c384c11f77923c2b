// SPDX-License-Identifier: Apache-2.0
// The values of OTEL_EXPORTER_OTLP_* that are more than a word or a number (SPEC section 1.5).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "config/warnings.h"

namespace nodespan::config {

struct Endpoint {
  std::string text;  // scheme in lower case, otherwise as given
  // No port is given where one belongs. gRPC then takes 443, which is hardly ever what was meant.
  bool lacks_port = false;
};
inline constexpr std::string_view kLacksPort = "it has no port";
inline constexpr std::string_view kLacksPortConsequence = "gRPC takes port 443 then (add :4317 for the usual one)";

// Checks http://HOST[:PORT], https://HOST[:PORT], HOST[:PORT] and the target syntax of gRPC (dns:, unix:, ipv4:, ...).
// kInvalidArgument says what is expected. User information ("user:password@") is refused.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text);

using Headers = std::vector<std::pair<std::string, std::string>>;

// Parses a W3C baggage list without properties into gRPC metadata: keys in lower case, values percent-decoded and
// trimmed, values of `-bin` keys checked to be base64. A pair that gRPC cannot carry is left out with a warning that
// names `variable`, the item's number and, when it is well-formed, the key; never the value, which is usually a secret.
Headers ParseHeaders(std::string_view variable, std::string_view text, Warnings& warnings);

}  // namespace nodespan::config
