// SPDX-License-Identifier: Apache-2.0
#include "daemon/health.h"

#include <memory>

#include "absl/synchronization/notification.h"
#include "base/clock.h"

namespace nodespan::daemon {
namespace {

constexpr absl::Duration kMaxReaderSilence = absl::Seconds(10);

}  // namespace

std::string WhyNotAlive(base::EventLoop& loop, const RecordReaderThread& reader, absl::Duration patience) {
  // Shared: the loop may come to it when nobody waits any more.
  const auto done = std::make_shared<absl::Notification>();
  loop.PostTask([done] { done->Notify(); });
  if (!done->WaitForNotificationWithTimeout(patience)) {
    return "the control loop does not answer";
  }
  const absl::Duration silence = absl::Nanoseconds(base::Clock::Real().MonotonicNs() - reader.last_round_ns());
  return silence < kMaxReaderSilence ? "" : "the reader of the ring does not come round";
}

}  // namespace nodespan::daemon
