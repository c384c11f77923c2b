// SPDX-License-Identifier: Apache-2.0
// UTF-8 as Unicode 15 section 3.9 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
//
// Why: OTLP strings must be valid UTF-8, protobuf refuses a whole request for one bad byte, and what a client sends in
// a header can be anything. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nodespan::base {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;
inline constexpr std::string_view kReplacementUtf8 = "\xEF\xBF\xBD";

// The first code point of a text, or, when the text does not start with one, its longest prefix that could have begun
// one (at least one byte): the unit that Unicode recommends to replace by a single U+FFFD.
struct Utf8Unit {
  char32_t code_point = kReplacementCharacter;
  uint8_t bytes = 1;
  bool valid = false;
  bool incomplete = false;  // Not valid only because the text ends.
};
Utf8Unit FirstUtf8Unit(std::string_view text);  // `text` is not empty.

bool IsValidUtf8(std::string_view text);

// `text` with every ill-formed unit replaced by U+FFFD.
std::string ToValidUtf8(std::string_view text);

// `text` without the beginning of a character at its end: for text that was cut at a byte count.
std::string_view TrimPartialCharacter(std::string_view text);

// At most the first `max_characters` characters of `text`, which is valid UTF-8.
std::string_view FirstCharacters(std::string_view text, size_t max_characters);

}  // namespace nodespan::base
