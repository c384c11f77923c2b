// SPDX-License-Identifier: Apache-2.0
#include "console/terminal_text.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "fmt/format.h"

namespace nodespan::console {
namespace {

using base::FirstUtf8Unit;
using base::Utf8Unit;

struct CodePointRange {
  char32_t first;
  char32_t last;
};

// Unicode 15, East_Asian_Width W and F, blocks merged: what terminals draw two columns wide.
constexpr std::array<CodePointRange, 13> kWide = {{{0x1100, 0x115F},
                                                   {0x231A, 0x231B},
                                                   {0x2E80, 0x303E},
                                                   {0x3041, 0x33FF},
                                                   {0x3400, 0x4DBF},
                                                   {0x4E00, 0xA4CF},
                                                   {0xAC00, 0xD7A3},
                                                   {0xF900, 0xFAFF},
                                                   {0xFE30, 0xFE6F},
                                                   {0xFF00, 0xFF60},
                                                   {0xFFE0, 0xFFE6},
                                                   {0x1F300, 0x1FAFF},
                                                   {0x20000, 0x3FFFD}}};

// Combining marks, joiners and variation selectors: drawn over the character before.
constexpr std::array<CodePointRange, 7> kZeroWidth = {{{0x0300, 0x036F},
                                                       {0x0483, 0x0489},
                                                       {0x0591, 0x05BD},
                                                       {0x1AB0, 0x1AFF},
                                                       {0x200B, 0x200D},
                                                       {0x20D0, 0x20FF},
                                                       {0xFE00, 0xFE0F}}};

// What may change the look of other text: C1 controls, bidirectional marks and overrides, line separators, tags.
constexpr std::array<CodePointRange, 7> kDeceptive = {{{0x80, 0x9F},
                                                       {0x061C, 0x061C},
                                                       {0x200E, 0x200F},
                                                       {0x2028, 0x202E},
                                                       {0x2066, 0x206F},
                                                       {0xFEFF, 0xFEFF},
                                                       {0xE0000, 0xE0FFF}}};

template <size_t N>
bool Contains(const std::array<CodePointRange, N>& ranges, char32_t code_point) {
  return std::any_of(ranges.begin(), ranges.end(), [code_point](const CodePointRange& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

size_t Columns(char32_t code_point) {
  if (code_point < 0x300) {
    return 1;
  }
  return Contains(kZeroWidth, code_point) ? 0 : Contains(kWide, code_point) ? 2 : 1;
}

// U+2400 on: a visible picture for each C0 control, in their order.
std::string PictureOfControl(char control) {
  constexpr char kDelete = 0x7F;
  constexpr int kDeletePicture = 0x21;
  const int index = control == kDelete ? kDeletePicture : control;
  return {'\xE2', '\x90', static_cast<char>(0x80 + index)};
}

// Three significant digits of value / unit.
std::string Scaled(double value, std::string_view unit) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, unit);
}

}  // namespace

std::string Sanitize(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const Utf8Unit unit = FirstUtf8Unit(text);
    if (unit.valid && (unit.code_point < 0x20 || unit.code_point == 0x7F)) {
      result += PictureOfControl(text[0]);
    } else if (!unit.valid || Contains(kDeceptive, unit.code_point)) {
      result += base::kReplacementUtf8;
    } else {
      result += text.substr(0, unit.bytes);
    }
    text.remove_prefix(unit.bytes);
  }
  return result;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const Utf8Unit unit = FirstUtf8Unit(text);
    width += Columns(unit.code_point);
    text.remove_prefix(unit.bytes);
  }
  return width;
}

std::string Shorten(std::string_view text, size_t columns) {
  if (DisplayWidth(text) <= columns) {
    return std::string(text);
  }
  if (columns == 0) {
    return {};
  }
  size_t bytes = 0;
  size_t width = 1;  // of the ellipsis
  while (bytes < text.size()) {
    const Utf8Unit unit = FirstUtf8Unit(text.substr(bytes));
    width += Columns(unit.code_point);
    if (width > columns) {
      break;
    }
    bytes += unit.bytes;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

std::string PadRight(std::string_view text, size_t columns) {
  std::string result = Shorten(text, columns);
  result.append(columns - DisplayWidth(result), ' ');
  return result;
}

std::string PadLeft(std::string_view text, size_t columns) {
  std::string result = Shorten(text, columns);
  result.insert(0, columns - DisplayWidth(result), ' ');
  return result;
}

std::string HumanDuration(uint64_t duration_ns) {
  constexpr uint64_t kMinuteNs = 60'000'000'000;
  const auto ns = static_cast<double>(duration_ns);
  if (duration_ns < 1000) {
    return fmt::format("{} ns", duration_ns);
  }
  // Each limit is where rounding to three digits would reach the next unit.
  if (ns < 999.5e3) {
    return Scaled(ns / 1e3, "µs");
  }
  if (ns < 999.5e6) {
    return Scaled(ns / 1e6, "ms");
  }
  if (ns < 59.95e9) {
    return Scaled(ns / 1e9, "s");
  }
  const uint64_t seconds = (duration_ns + 500'000'000) / 1'000'000'000;
  if (duration_ns < 60 * kMinuteNs - 500'000'000) {
    return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  }
  return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
}

std::string HumanBytes(uint64_t bytes) {
  if (bytes < 1000) {
    return fmt::format("{} B", bytes);
  }
  constexpr std::array<std::string_view, 6> kUnits = {"kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(bytes) / 1e3;
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1e3;
    ++unit;
  }
  return Scaled(value, kUnits[unit]);
}

}  // namespace nodespan::console
