// SPDX-License-Identifier: Apache-2.0
#include "spans/ot_sampling.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "spans/tracestate.h"

namespace nodespan::spans {
namespace {

constexpr size_t kMaxValueBytes = 256;
constexpr size_t kDigits = 14;
constexpr std::string_view kOt = "ot=";
constexpr std::string_view kThreshold = "th:";
constexpr std::string_view kRandomness = "rv:";

// The parts of `text` between separators; none of an empty text.
std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    if (end + 1 == text.size()) {
      parts.emplace_back();
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() <= kDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// A threshold may leave out the zeros at its end.
std::optional<uint64_t> Threshold(std::string_view text) {
  if (!IsNumber(text)) {
    return std::nullopt;
  }
  uint64_t value = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value << (4 * (kDigits - text.size()));
}

std::string ThresholdText(uint64_t threshold) {
  std::string text = fmt::format("{:014x}", threshold);
  text.erase(std::max<size_t>(text.find_last_not_of('0') + 1, 1));
  return text;
}

bool IsSubEntry(std::string_view text) {
  const size_t colon = text.find(':');
  const auto is_value_char = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
           c == '-';
  };
  const auto is_key_char = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); };
  return colon != std::string_view::npos && colon > 0 && text[0] >= 'a' &&
         std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(colon), is_key_char) &&
         std::all_of(text.begin() + static_cast<ptrdiff_t>(colon) + 1, text.end(), is_value_char);
}

// An entry `ot`, taken apart.
struct OtEntry {
  std::vector<std::string_view> others;  // without th
  std::optional<uint64_t> threshold;
  bool has_randomness = false;
};

// Empty when the value is not what it has to be.
OtEntry ParseEntry(std::string_view value) {
  OtEntry entry;
  for (const std::string_view part : Split(value, ';')) {
    if (!IsSubEntry(part)) {
      return {};
    }
    if (part.starts_with(kThreshold)) {
      entry.threshold = Threshold(part.substr(kThreshold.size()));
      continue;
    }
    entry.has_randomness = entry.has_randomness || part.starts_with(kRandomness);
    entry.others.push_back(part);
  }
  return entry;
}

// What the entry's value has to be.
std::string EntryValue(const OtEntry& entry, const events::OtSampling& sampling) {
  std::vector<std::string> parts;
  if (sampling.threshold) {
    parts.push_back(fmt::format("{}{}", kThreshold, ThresholdText(*sampling.threshold)));
  }
  if (sampling.randomness && !entry.has_randomness) {
    parts.push_back(fmt::format("{}{:014x}", kRandomness, *sampling.randomness));
  }
  parts.insert(parts.end(), entry.others.begin(), entry.others.end());
  return fmt::format("{}", fmt::join(parts, ";"));
}

}  // namespace

std::string WithOtSampling(std::string tracestate, const events::OtSampling& sampling) {
  std::vector<std::string_view> members = Split(tracestate, ',');
  const auto found = std::find_if(members.begin(), members.end(), [](auto member) { return member.starts_with(kOt); });
  const OtEntry entry = found != members.end() ? ParseEntry(found->substr(kOt.size())) : OtEntry();
  if (entry.threshold == sampling.threshold && (entry.has_randomness || !sampling.randomness)) {
    return tracestate;
  }
  const std::string value = EntryValue(entry, sampling);
  if (value.size() > kMaxValueBytes) {
    return tracestate;
  }
  if (found != members.end()) {
    members.erase(found);
  }
  const std::string member = fmt::format("{}{}", kOt, value);
  if (!value.empty()) {
    members.insert(members.begin(), member);
  }
  members.resize(std::min(members.size(), kMaxTracestateMembers));
  return fmt::format("{}", fmt::join(members, ","));
}

}  // namespace nodespan::spans
