// SPDX-License-Identifier: Apache-2.0
#include "otlp/retry.h"

#include <algorithm>
#include <utility>

namespace nodespan::otlp {
namespace {

// Time a last try gets before the deadline: a tenth of the whole, a second at most.
absl::Duration TimeForLastTry(absl::Time start, absl::Time deadline) {
  return std::min(absl::Seconds(1), (deadline - start) / 10);
}

}  // namespace

bool IsRetryable(absl::StatusCode code, const std::optional<absl::Duration>& retry_delay) {
  switch (code) {
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss: return true;
    case absl::StatusCode::kResourceExhausted: return retry_delay.has_value();
    default: return false;
  }
}

Backoff::Backoff(const RetryOptions& options, absl::Time start, absl::Time deadline, std::function<double()> random)
    : options_(options),
      last_start_(std::min(start + options.max_elapsed,
                           deadline == absl::InfiniteFuture() ? deadline : deadline - TimeForLastTry(start, deadline))),
      random_(std::move(random)),
      interval_(options.initial_interval) {}

std::optional<absl::Duration> Backoff::Next(absl::Time now, const std::optional<absl::Duration>& retry_delay) {
  const absl::Duration throttle = std::max(retry_delay.value_or(absl::ZeroDuration()), absl::ZeroDuration());
  if (now >= last_start_ || now + throttle > last_start_) {
    return std::nullopt;
  }
  const double jitter = 1 + options_.randomization * (2 * random_() - 1);
  const absl::Duration wait = std::max(interval_ * jitter, throttle);
  // "Back off further from it": the next interval grows from the longer of the two.
  interval_ = std::min(std::max(interval_, throttle) * options_.factor, std::max(options_.max_interval, throttle));
  return std::min(wait, last_start_ - now);
}

}  // namespace nodespan::otlp
