// SPDX-License-Identifier: Apache-2.0
#include "goinspect/pc_values.h"

namespace nodespan::goinspect {
namespace {

// Reads a varint of at most 32 bits from the front of `bytes`; nullopt when it is longer or cut.
std::optional<uint32_t> TakeVarint(std::span<const uint8_t>& bytes) {
  constexpr int kMaxBytes = 5;
  uint32_t value = 0;
  for (int i = 0; i < kMaxBytes && !bytes.empty(); ++i) {
    const uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    value |= uint32_t{byte & 0x7fU} << 7 * i;
    if ((byte & 0x80) == 0) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace

PcValueEnd ForEachPcValue(std::span<const uint8_t> table, uint32_t instruction_bytes,
                          absl::FunctionRef<bool(const PcValueRange&)> visit) {
  PcValueRange range;
  uint32_t value = UINT32_MAX;  // -1; unsigned, because a malformed table may overflow
  while (true) {
    const std::optional<uint32_t> change = TakeVarint(table);
    if (!change.has_value()) {
      return PcValueEnd::kTruncated;
    }
    if (*change == 0 && range.end_off != 0) {
      return PcValueEnd::kEnded;
    }
    const std::optional<uint32_t> units = TakeVarint(table);
    if (!units.has_value()) {
      return PcValueEnd::kTruncated;
    }
    value += (*change & 1) != 0 ? ~(*change >> 1) : *change >> 1;
    range.begin_off = range.end_off;
    range.end_off += uint64_t{*units} * instruction_bytes;
    range.value = static_cast<int32_t>(value);
    if (range.end_off == range.begin_off) {
      return PcValueEnd::kEnded;  // no table has an empty range
    }
    if (!visit(range)) {
      return PcValueEnd::kStopped;
    }
  }
}

}  // namespace nodespan::goinspect
