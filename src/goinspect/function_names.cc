// SPDX-License-Identifier: Apache-2.0
#include "goinspect/function_names.h"

#include <algorithm>
#include <cstring>

#include "base/errors.h"

namespace nodespan::goinspect {

absl::Status ForEachFunctionName(elf::Image& image, const FunctionTableRanges& ranges,
                                 absl::FunctionRef<void(uint32_t off, std::string_view name)> visit) {
  const elf::Segment* segment = image.SegmentOf(ranges.names_vaddr);
  const uint64_t end_vaddr = ranges.names_vaddr + ranges.names_bytes;
  uint64_t next_vaddr = ranges.names_vaddr;  // where the next name begins
  uint64_t count = 0;
  const auto visit_window = [&](const elf::Image::Window& window) {
    const uint64_t window_end_vaddr = std::min(window.vaddr + window.bytes.size(), end_vaddr);
    while (next_vaddr < window.vaddr + window.start_bytes && next_vaddr < end_vaddr) {
      const uint8_t* name = window.bytes.data() + (next_vaddr - window.vaddr);
      const auto* end = static_cast<const uint8_t*>(std::memchr(name, 0, window_end_vaddr - next_vaddr));
      if (end == nullptr || count++ == kMaxFunctionNames) {
        return false;
      }
      const auto length = static_cast<size_t>(end - name);
      visit(static_cast<uint32_t>(next_vaddr - ranges.names_vaddr), {reinterpret_cast<const char*>(name), length});
      next_vaddr += length + 1;
    }
    return true;
  };
  // From an aligned address, as Scan() would skip to the next one.
  if (segment != nullptr && image.Scan(*segment, ranges.names_vaddr & ~uint64_t{7}, end_vaddr,
                                       FunctionTableRanges::kMaxNameBytes, visit_window)) {
    return absl::OkStatus();
  }
  return image.load_status().ok()
             ? base::MakeStatus(absl::StatusCode::kDataLoss, "the names of the functions cannot be read")
             : image.load_status();
}

}  // namespace nodespan::goinspect
