// SPDX-License-Identifier: Apache-2.0
// Identity of a process on this node: its pid alone is reused, with the start time it is unique.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <utility>

namespace nodespan::model {

struct ProcessKey {
  // As seen in the /proc that nodespan reads (the host's, when it runs with hostPID).
  pid_t pid = 0;
  // Field 22 of /proc/PID/stat: clock ticks after boot.
  uint64_t start_time_ticks = 0;

  auto operator<=>(const ProcessKey&) const = default;

  template <typename H>
  friend H AbslHashValue(H hash, const ProcessKey& key) {
    return H::combine(std::move(hash), key.pid, key.start_time_ticks);
  }
};

}  // namespace nodespan::model
