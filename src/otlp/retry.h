// SPDX-License-Identifier: Apache-2.0
// When an export is tried again, and how long to wait before (SPEC section 2.2).
#pragma once

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace nodespan::otlp {

// The defaults are the reference values of SPEC section 2.2.
struct RetryOptions {
  absl::Duration initial_interval = absl::Seconds(5);
  absl::Duration max_interval = absl::Seconds(30);
  absl::Duration max_elapsed = absl::Minutes(1);
  double factor = 1.5;
  double randomization = 0.5;  // an interval is drawn from [1 - r, 1 + r] times its nominal length
};

// `retry_delay` is what the server asked for with a RetryInfo, if it sent one; RESOURCE_EXHAUSTED needs it.
bool IsRetryable(absl::StatusCode code, const std::optional<absl::Duration>& retry_delay);

// The waits of one request: exponential, with jitter, never shorter than what the server asks for.
class Backoff {
 public:
  // `random` gives a number in [0, 1).
  Backoff(const RetryOptions& options, absl::Time start, absl::Time deadline, std::function<double()> random);

  // How long to wait at `now` before the next try, or nothing: give up. A wait that would end past the deadline is cut
  // so that one more try fits before it, unless the server asked for more time than there is.
  std::optional<absl::Duration> Next(absl::Time now, const std::optional<absl::Duration>& retry_delay);

 private:
  const RetryOptions options_;
  const absl::Time last_start_;  // the latest time at which a try still makes sense
  const std::function<double()> random_;
  absl::Duration interval_;
};

}  // namespace nodespan::otlp
