// SPDX-License-Identifier: Apache-2.0
#include "attach/site_ranges.h"

namespace nodespan::attach {

std::optional<uint32_t> SiteRanges::Acquire(uint32_t count) {
  uint32_t first = 0;
  for (const auto& [begin, taken] : taken_) {
    if (begin - first >= count) {
      break;
    }
    first = begin + taken;
  }
  if (size_ - first < count) {
    return std::nullopt;
  }
  taken_[first] = count;
  return first;
}

}  // namespace nodespan::attach
