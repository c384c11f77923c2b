// SPDX-License-Identifier: Apache-2.0
#include "goinspect/printable.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace nodespan::goinspect {
namespace {

// Length of the well-formed sequence at the start of `text`, which begins with a byte >= 0x80; 0 if there is none.
size_t MultiByteLength(std::string_view text) {
  const auto byte = [text](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto is_tail = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const uint8_t first = byte(0);
  if (first >= 0xc2 && first <= 0xdf) {
    return is_tail(1) ? 2 : 0;
  }
  if ((first & 0xf0) == 0xe0) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return is_tail(1) && is_tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool too_large = first == 0xf4 && byte(1) > 0x8f;
    return is_tail(1) && is_tail(2) && is_tail(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

// True when each of the eight bytes is printable ASCII: no byte below 0x20, none of 0x7f, none with the high bit.
bool AllPrintableAscii(uint64_t bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHigh = 0x8080808080808080;
  const uint64_t below_space = bytes - kOnes * 0x20;  // borrows only past a byte that fails anyway
  const uint64_t deleted = (bytes ^ (kOnes * 0x7f)) - kOnes;
  return ((bytes | below_space | deleted) & kHigh) == 0;
}

}  // namespace

bool IsPrintableUtf8(std::string_view text) {
  while (text.size() >= sizeof(uint64_t)) {
    uint64_t bytes;
    std::memcpy(&bytes, text.data(), sizeof(bytes));
    if (!AllPrintableAscii(bytes)) {
      break;  // the slow way decides
    }
    text.remove_prefix(sizeof(bytes));
  }
  while (!text.empty()) {
    const uint8_t first = static_cast<uint8_t>(text.front());
    if (first < 0x20 || first == 0x7f) {
      return false;
    }
    const size_t length = first < 0x80 ? 1 : MultiByteLength(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace nodespan::goinspect
