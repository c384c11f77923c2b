// SPDX-License-Identifier: Apache-2.0
#include "spans/wall_clock.h"

#include <limits>

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kBoot = 1'700'000'000 * kSecond;  // Unix time of monotonic zero

class FakeClock final : public base::Clock {
 public:
  int64_t MonotonicNs() const override {
    const int64_t now_ns = mono_ns;
    mono_ns += read_cost_ns;
    return now_ns;
  }
  int64_t WallNs() const override { return mono_ns - read_cost_ns / 2 + kBoot + shift_ns; }

  mutable int64_t mono_ns = 100 * kSecond;
  int64_t shift_ns = 0;
  int64_t read_cost_ns = 0;
};

TEST(WallClockTest, AddsTheMeasuredOffset) {
  const FakeClock clock;
  const WallClock wall(&clock);
  EXPECT_EQ(wall.ToUnixNs(5 * kSecond), static_cast<uint64_t>(kBoot + 5 * kSecond));
}

TEST(WallClockTest, TakesTheMiddleOfTheReadings) {
  FakeClock clock;
  clock.read_cost_ns = 100;
  const WallClock wall(&clock);
  EXPECT_EQ(wall.ToUnixNs(0), static_cast<uint64_t>(kBoot));
}

TEST(WallClockTest, MappingIsConstantBetweenMeasurements) {
  FakeClock clock;
  WallClock wall(&clock);
  const uint64_t before = wall.ToUnixNs(7);
  clock.shift_ns = -300 * kMillisecond;
  clock.mono_ns += WallClock::kMeasurePeriodNs - 1;
  wall.Refresh();
  EXPECT_EQ(wall.ToUnixNs(7), before);
}

TEST(WallClockTest, SmallChangeIsWorkedOffAtABoundedRate) {
  FakeClock clock;
  WallClock wall(&clock);
  clock.shift_ns = -120 * kMillisecond;
  int64_t last = kBoot;
  for (const int64_t expected_ms : {-50, -100, -120, -120}) {
    clock.mono_ns += kSecond;
    wall.Refresh();
    const auto now = static_cast<int64_t>(wall.ToUnixNs(0));
    EXPECT_EQ(now, kBoot + expected_ms * kMillisecond);
    EXPECT_LE(last - now, kSecond / WallClock::kMaxSlew);
    last = now;
  }
}

TEST(WallClockTest, LargeChangeIsTakenOverAtOnce) {
  FakeClock clock;
  WallClock wall(&clock);
  clock.shift_ns = 3600 * kSecond;
  clock.mono_ns += kSecond;
  wall.Refresh();
  EXPECT_EQ(wall.ToUnixNs(0), static_cast<uint64_t>(kBoot + 3600 * kSecond));
}

TEST(WallClockTest, IsMonotoneForAnyInput) {
  FakeClock clock;
  clock.shift_ns = -kBoot - 101 * kSecond;  // a wall clock before 1970
  const WallClock wall(&clock);
  uint64_t last = 0;
  for (const uint64_t mono_ns : {uint64_t{0}, uint64_t{1}, uint64_t{200} * kSecond, uint64_t{1} << 62,
                                 uint64_t{1} << 63, std::numeric_limits<uint64_t>::max()}) {
    EXPECT_GE(wall.ToUnixNs(mono_ns), last);
    last = wall.ToUnixNs(mono_ns);
  }
}

}  // namespace
}  // namespace nodespan::spans
