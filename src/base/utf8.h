// SPDX-License-Identifier: Apache-2.0
// Checking and repairing UTF-8: OTLP strings must be valid, while paths and environments are any bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nodespan::base {

// Length of the well-formed UTF-8 sequence at the start of `text` (Unicode table 3-7: no surrogates, no overlong forms,
// nothing above U+10FFFF); 0 when there is none.
constexpr size_t Utf8SequenceBytes(std::string_view text) {
  auto byte = [text](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  auto in = [](uint8_t value, uint8_t low, uint8_t high) { return value >= low && value <= high; };
  auto tail = [&](size_t i) { return in(byte(i), 0x80, 0xbf); };
  uint8_t lead = byte(0);
  if (text.empty()) {
    return 0;
  }
  if (lead < 0x80) {
    return 1;
  }
  if (in(lead, 0xc2, 0xdf)) {
    return tail(1) ? 2 : 0;
  }
  if (in(lead, 0xe0, 0xef)) {
    uint8_t low = lead == 0xe0 ? 0xa0 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : 0xbf;
    return in(byte(1), low, high) && tail(2) ? 3 : 0;
  }
  if (in(lead, 0xf0, 0xf4)) {
    uint8_t low = lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xf4 ? 0x8f : 0xbf;
    return in(byte(1), low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

constexpr bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    size_t bytes = Utf8SequenceBytes(text);
    if (bytes == 0) {
      return false;
    }
    text.remove_prefix(bytes);
  }
  return true;
}

// `text` with every byte that is not part of a well-formed sequence replaced by U+FFFD.
inline std::string ToValidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    size_t bytes = Utf8SequenceBytes(text);
    if (bytes == 0) {
      valid += "\xef\xbf\xbd";
      bytes = 1;
    } else {
      valid += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return valid;
}

}  // namespace nodespan::base
