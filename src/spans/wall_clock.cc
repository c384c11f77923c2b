// SPDX-License-Identifier: Apache-2.0
#include "spans/wall_clock.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace nodespan::spans {

WallClock::WallClock(const base::Clock* clock)
    : clock_(clock), measured_at_mono_ns_(clock->MonotonicNs()), offset_ns_(MeasureOffsetNs()) {}

int64_t WallClock::MeasureOffsetNs() const {
  // The wall clock is read between two readings of the monotonic one; of some tries the one that was interrupted least
  // is used, and its error is at most half of its width.
  constexpr int kTries = 3;
  int64_t best_width_ns = std::numeric_limits<int64_t>::max();
  int64_t best_offset_ns = 0;
  for (int i = 0; i < kTries; ++i) {
    const int64_t before_ns = clock_->MonotonicNs();
    const int64_t wall_ns = clock_->WallNs();
    const int64_t width_ns = clock_->MonotonicNs() - before_ns;
    if (width_ns < best_width_ns) {
      best_width_ns = width_ns;
      best_offset_ns = wall_ns - (before_ns + width_ns / 2);
    }
  }
  return best_offset_ns;
}

void WallClock::Refresh() {
  const int64_t now_ns = clock_->MonotonicNs();
  const int64_t elapsed_ns = now_ns - measured_at_mono_ns_;
  if (elapsed_ns < kMeasurePeriodNs) {
    return;
  }
  measured_at_mono_ns_ = now_ns;
  const int64_t change_ns = MeasureOffsetNs() - offset_ns_;
  if (std::abs(change_ns) >= kStepNs) {
    offset_ns_ += change_ns;
    return;
  }
  const int64_t limit_ns = elapsed_ns / kMaxSlew;
  offset_ns_ += std::clamp(change_ns, -limit_ns, limit_ns);
}

uint64_t WallClock::ToUnixNs(uint64_t mono_ns) const {
  constexpr uint64_t kLatest = std::numeric_limits<int64_t>::max() / 2;
  const auto bounded_ns = static_cast<int64_t>(std::min(mono_ns, kLatest));
  return static_cast<uint64_t>(std::max<int64_t>(bounded_ns + offset_ns_, 0));
}

}  // namespace nodespan::spans
