// SPDX-License-Identifier: Apache-2.0
// Time behind an interface, so that everything that waits or stamps can be tested without waiting.
//
// Thread: implementations are safe to call from any thread.
#pragma once

#include <cstdint>

namespace nodespan::base {

class Clock {
 public:
  virtual ~Clock() = default;
  // CLOCK_MONOTONIC in nanoseconds: the clock of bpf_ktime_get_ns().
  virtual int64_t MonotonicNs() const = 0;
  // CLOCK_REALTIME, nanoseconds since the Unix epoch.
  virtual int64_t WallNs() const = 0;

  // The process-wide real clock.
  static const Clock& Real();
};

}  // namespace nodespan::base
