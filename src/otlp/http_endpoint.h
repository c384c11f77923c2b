// SPDX-License-Identifier: Apache-2.0
// OTEL_EXPORTER_OTLP_[TRACES_|METRICS_]ENDPOINT -> the URL that OTLP/HTTP requests go to (SPEC section 1.5).
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "otlp/otlp_client.h"

namespace nodespan::otlp {

// Accepts http://HOST[:PORT][/PATH][?QUERY], the same with https, and without a scheme, when `insecure` decides.
// Without a port the scheme's own is meant. `is_complete`: the URL is used as it is; otherwise it is the base of all
// signals and gets /v1/traces or /v1/metrics appended to its path. kInvalidArgument: anything else, also user
// information.
absl::StatusOr<std::string> ParseHttpEndpoint(std::string_view text, bool insecure, bool is_complete,
                                              Signal signal = Signal::kTraces);

}  // namespace nodespan::otlp
