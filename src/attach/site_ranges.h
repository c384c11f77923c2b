// SPDX-License-Identifier: Apache-2.0
// Which entries of the map of sites belong to which binary: each has a run of as many as it has probes, so that the map
// is as large as all together need and not as many times the largest.
//
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace nodespan::attach {

class SiteRanges {
 public:
  explicit SiteRanges(uint32_t size) : size_(size) {}

  // The first of `count` entries that are free, one behind the other; nothing when there are no such. `count` > 0.
  std::optional<uint32_t> Acquire(uint32_t count);
  // `first`: what Acquire gave, once.
  void Release(uint32_t first) { taken_.erase(first); }

 private:
  const uint32_t size_;
  std::map<uint32_t, uint32_t> taken_;  // first -> count
};

}  // namespace nodespan::attach
