// SPDX-License-Identifier: Apache-2.0
// The messages that collectors answer with, whichever way they come (SPEC sections 2.1 and 2.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "otlp/otlp_client.h"

namespace nodespan::otlp {

// The result that the bytes of an ExportTraceServiceResponse stand for, or of the response for another signal, which
// has the same fields. Other bytes: kInternal.
CallResult ReadResponse(std::string_view bytes);

// A google.rpc.Status.
struct ErrorDetails {
  std::string message;
  std::optional<absl::Duration> retry_delay;  // of its RetryInfo, if it has one
};

// Nothing when the bytes are something else.
std::optional<ErrorDetails> ReadErrorDetails(std::string_view bytes);

}  // namespace nodespan::otlp
