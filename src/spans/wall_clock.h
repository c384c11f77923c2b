// SPDX-License-Identifier: Apache-2.0
// Maps the kernel's monotonic timestamps to Unix time.
//
// The distance of the two clocks changes when somebody sets the wall clock and when the machine was suspended, so it is
// measured again and again. Between two calls of Refresh() the mapping is one constant shift: a span that is mapped in
// between keeps its exact duration and the order of its events, whatever happens to the wall clock meanwhile.
// A difference below kStepNs is worked off at kMaxSlew, so that neighbouring spans of one trace are shifted against
// each other by no more than that share of the time between them; a larger one is taken over at once, because spans
// would be wrong for minutes otherwise.
//
// Thread: one thread (the reader).
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace nodespan::spans {

class WallClock {
 public:
  static constexpr int64_t kMeasurePeriodNs = 1'000'000'000;
  static constexpr int64_t kStepNs = 1'000'000'000;
  static constexpr int64_t kMaxSlew = 20;  // at most 1/20 of the time that has passed

  // `clock` outlives this.
  explicit WallClock(const base::Clock* clock);

  // Call it before a batch of spans; cheap while the last measurement is recent.
  void Refresh();

  // Monotone: a <= b implies ToUnixNs(a) <= ToUnixNs(b), for any input.
  uint64_t ToUnixNs(uint64_t mono_ns) const;

 private:
  int64_t MeasureOffsetNs() const;

  const base::Clock* clock_;
  int64_t measured_at_mono_ns_;
  int64_t offset_ns_;  // Unix time - monotonic time
};

}  // namespace nodespan::spans
