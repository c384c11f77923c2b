// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <ctime>

namespace nodespan::base {
namespace {

int64_t ReadClock(clockid_t id) {
  timespec ts{};
  ::clock_gettime(id, &ts);
  return static_cast<int64_t>(ts.tv_sec) * 1'000'000'000 + ts.tv_nsec;
}

class RealClock final : public Clock {
 public:
  int64_t MonotonicNs() const override { return ReadClock(CLOCK_MONOTONIC); }
  int64_t WallNs() const override { return ReadClock(CLOCK_REALTIME); }
};

}  // namespace

const Clock& Clock::Real() {
  static const RealClock clock;
  return clock;
}

}  // namespace nodespan::base
