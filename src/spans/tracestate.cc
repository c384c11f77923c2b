// SPDX-License-Identifier: Apache-2.0
#include "spans/tracestate.h"

#include <algorithm>
#include <array>

namespace nodespan::spans {
namespace {

constexpr size_t kMaxKeyBytes = 256;
constexpr size_t kMaxValueBytes = 256;
constexpr std::string_view kBlanks = " \t";

bool IsKeyStart(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsKeyChar(char c) { return IsKeyStart(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@'; }
bool IsValueChar(char c) { return c >= 0x20 && c <= 0x7E && c != ',' && c != '='; }

bool IsKey(std::string_view key) {
  return !key.empty() && key.size() <= kMaxKeyBytes && IsKeyStart(key[0]) &&
         std::all_of(key.begin(), key.end(), IsKeyChar);
}

bool IsValue(std::string_view value) {
  return !value.empty() && value.size() <= kMaxValueBytes && std::all_of(value.begin(), value.end(), IsValueChar);
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace

std::string NormalizeTracestate(std::string_view header, bool cut) {
  if (cut) {
    const size_t last_comma = header.rfind(',');
    header = last_comma == std::string_view::npos ? std::string_view() : header.substr(0, last_comma);
  }
  std::array<std::string_view, kMaxTracestateMembers> keys;
  size_t count = 0;
  std::string result;
  result.reserve(header.size());
  while (!header.empty()) {
    const size_t comma = std::min(header.find(','), header.size());
    const std::string_view member = Trim(header.substr(0, comma));
    header.remove_prefix(std::min(comma + 1, header.size()));
    if (member.empty()) {
      continue;
    }
    const size_t equals = member.find('=');
    if (equals == std::string_view::npos || count == kMaxTracestateMembers) {
      return {};
    }
    const std::string_view key = member.substr(0, equals);
    const auto keys_end = keys.begin() + static_cast<ptrdiff_t>(count);
    if (!IsKey(key) || !IsValue(member.substr(equals + 1)) || std::find(keys.begin(), keys_end, key) != keys_end) {
      return {};
    }
    keys[count++] = key;
    if (!result.empty()) {
      result += ',';
    }
    result += member;
  }
  return result;
}

}  // namespace nodespan::spans
