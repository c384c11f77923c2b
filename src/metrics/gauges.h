// SPDX-License-Identifier: Apache-2.0
// What there is right now, for people and scrapers to look at.
//
// Thread: any may read; each gauge has one writing thread, named at it. Relaxed ordering is enough, because each value
// is read on its own for display and never guards other data.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nodespan::metrics {

// All written by the control thread.
enum class Gauge : uint8_t {
  kTargetsInspecting,   // selected processes whose executable is being read
  kTargetsTraced,       // processes with probes
  kTargetsRefused,      // selected Go processes that cannot be traced
  kTargetsWaiting,      // processes in containers of which the pod or the container is not known
  kContainerProcesses,  // processes in containers that are kept an eye on
  kCount,               // not a gauge: their number
};

class Gauges {
 public:
  void Set(Gauge gauge, int64_t value) { values_[static_cast<size_t>(gauge)].store(value, std::memory_order_relaxed); }
  int64_t Get(Gauge gauge) const { return values_[static_cast<size_t>(gauge)].load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<int64_t>, static_cast<size_t>(Gauge::kCount)> values_{};
};

}  // namespace nodespan::metrics
