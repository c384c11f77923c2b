// SPDX-License-Identifier: Apache-2.0
// The values of OTEL_EXPORTER_OTLP_* that are more than a word or a number (SPEC section 1.5).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "config/warnings.h"

namespace nodespan::config {

// Checks http://HOST[:PORT], https://HOST[:PORT], HOST[:PORT] and the target syntax of gRPC (dns:, unix:, ipv4:, ...).
// The scheme comes in lower case, the rest as given; which port is meant without one, the protocol's client knows.
// kInvalidArgument says what is expected. User information ("user:password@") is refused.
absl::StatusOr<std::string> ParseEndpoint(std::string_view text);

// `grpc` or `http/protobuf`. kInvalidArgument: anything else, also `http/json`, which nodespan does not speak.
absl::StatusOr<OtlpProtocol> ParseOtlpProtocol(std::string_view text);

using Headers = std::vector<std::pair<std::string, std::string>>;

// Parses a W3C baggage list without properties into gRPC metadata: keys in lower case, values percent-decoded and
// trimmed, values of `-bin` keys checked to be base64. A pair that gRPC cannot carry is left out with a warning that
// names `variable`, the item's number and, when it is well-formed, the key; never the value, which is usually a secret.
Headers ParseHeaders(std::string_view variable, std::string_view text, Warnings& warnings);

}  // namespace nodespan::config
