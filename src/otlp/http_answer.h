// SPDX-License-Identifier: Apache-2.0
// What an HTTP answer means for an export (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP Response"). Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "otlp/otlp_client.h"

namespace nodespan::otlp {

struct HttpAnswer {
  int status = 0;  // 200
  std::string_view content_type;
  std::string_view body;
  std::string_view location;                  // where a redirect points to
  std::optional<absl::Duration> retry_after;  // of the header
};

// 429, 502, 503 and 504 are retryable, 2xx is success, everything else final. The message of an error is that of the
// google.rpc.Status in the body, or the first line of any other text, without what does not belong in a log.
CallResult ReadHttpAnswer(const HttpAnswer& answer);

}  // namespace nodespan::otlp
