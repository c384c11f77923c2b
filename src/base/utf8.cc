// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <algorithm>
#include <cstring>

namespace nodespan::base {
namespace {

constexpr uint8_t kContinuationMin = 0x80;
constexpr uint8_t kContinuationMax = 0xBF;

// What may follow a lead byte (Unicode 15, table 3-7): the range of the second byte closes out overlong forms,
// surrogates and code points above U+10FFFF.
struct LeadByte {
  uint8_t total_bytes;  // 0: not a lead byte
  uint8_t second_min = kContinuationMin;
  uint8_t second_max = kContinuationMax;
};

constexpr LeadByte Classify(uint8_t lead) {
  if (lead < 0x80) return {1};
  if (lead < 0xC2) return {0};
  if (lead < 0xE0) return {2};
  if (lead == 0xE0) return {3, 0xA0};
  if (lead == 0xED) return {3, kContinuationMin, 0x9F};
  if (lead < 0xF0) return {3};
  if (lead == 0xF0) return {4, 0x90};
  if (lead < 0xF4) return {4};
  if (lead == 0xF4) return {4, kContinuationMin, 0x8F};
  return {0};
}

// Length of the run of ASCII at the start of `text`: almost every header is nothing else.
size_t AsciiPrefix(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  size_t size = 0;
  while (text.size() - size >= sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, text.data() + size, sizeof(word));
    if ((word & kHighBits) != 0) {
      break;
    }
    size += sizeof(word);
  }
  while (size < text.size() && static_cast<uint8_t>(text[size]) < 0x80) {
    ++size;
  }
  return size;
}

// Length of the valid text at the start of `text`.
size_t ValidPrefix(std::string_view text) {
  size_t size = AsciiPrefix(text);
  while (size < text.size()) {
    const Utf8Unit unit = FirstUtf8Unit(text.substr(size));
    if (!unit.valid) {
      break;
    }
    size += unit.bytes;
    size += AsciiPrefix(text.substr(size));
  }
  return size;
}

}  // namespace

Utf8Unit FirstUtf8Unit(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const LeadByte lead = Classify(byte(0));
  if (lead.total_bytes == 1) {
    return {.code_point = byte(0), .bytes = 1, .valid = true};
  }
  if (lead.total_bytes == 0) {
    return {};
  }
  char32_t code_point = byte(0) & (0x7Fu >> lead.total_bytes);
  for (uint8_t i = 1; i < lead.total_bytes; ++i) {
    if (i == text.size()) {
      return {.bytes = i, .incomplete = true};
    }
    const uint8_t min = i == 1 ? lead.second_min : kContinuationMin;
    const uint8_t max = i == 1 ? lead.second_max : kContinuationMax;
    if (byte(i) < min || byte(i) > max) {
      return {.bytes = i};
    }
    code_point = code_point << 6 | (byte(i) & 0x3F);
  }
  return {.code_point = code_point, .bytes = lead.total_bytes, .valid = true};
}

bool IsValidUtf8(std::string_view text) { return ValidPrefix(text) == text.size(); }

std::string ToValidUtf8(std::string_view text) {
  size_t valid = ValidPrefix(text);
  std::string result(text.substr(0, valid));
  while (valid < text.size()) {
    text.remove_prefix(valid);
    result += kReplacementUtf8;
    text.remove_prefix(FirstUtf8Unit(text).bytes);
    valid = ValidPrefix(text);
    result += text.substr(0, valid);
  }
  return result;
}

std::string_view FirstCharacters(std::string_view text, size_t max_characters) {
  if (text.size() <= max_characters) {
    return text;
  }
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins_character = (static_cast<uint8_t>(text[i]) & 0xC0) != 0x80;
    if (begins_character && ++characters > max_characters) {
      return text.substr(0, i);
    }
  }
  return text;
}

std::string_view TrimPartialCharacter(std::string_view text) {
  constexpr size_t kMaxPartialBytes = 3;
  for (size_t back = 1; back <= std::min(kMaxPartialBytes, text.size()); ++back) {
    const std::string_view tail = text.substr(text.size() - back);
    const Utf8Unit unit = FirstUtf8Unit(tail);
    if (unit.incomplete && unit.bytes == back) {
      text.remove_suffix(back);
      break;
    }
  }
  return text;
}

}  // namespace nodespan::base
