// SPDX-License-Identifier: Apache-2.0
#include "config/env_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "absl/strings/ascii.h"

namespace nodespan::config {
namespace {

// The number that makes up all of `text`, if it is one and fits.
template <typename T>
std::optional<T> ParseWhole(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  auto [stopped_at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped_at != end) {
    return std::nullopt;
  }
  return value;
}

absl::StatusOr<absl::Duration> ParseMilliseconds(std::string_view text) {
  std::optional<int64_t> milliseconds = ParseWhole<int64_t>(Trim(text));
  if (!milliseconds || *milliseconds < 0) {
    return absl::InvalidArgumentError("expected a whole number of milliseconds, 0 or more");
  }
  return absl::Milliseconds(*milliseconds);
}

std::optional<unsigned> HexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return std::nullopt;
}

}  // namespace

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return lower;
}

std::vector<std::string_view> SplitList(std::string_view text) {
  std::vector<std::string_view> items;
  while (!text.empty()) {
    size_t comma = std::min(text.find(','), text.size());
    if (std::string_view item = Trim(text.substr(0, comma)); !item.empty()) {
      items.push_back(item);
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

absl::StatusOr<bool> ParseBool(std::string_view text) {
  std::string lower = ToLower(Trim(text));
  if (lower == "true" || lower == "false") {
    return lower == "true";
  }
  return absl::InvalidArgumentError("expected true or false");
}

absl::StatusOr<bool> ParseGoBool(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "FALSE", "false", "False"};
  std::string_view trimmed = Trim(text);
  if (std::find(kTrue.begin(), kTrue.end(), trimmed) != kTrue.end()) {
    return true;
  }
  if (std::find(kFalse.begin(), kFalse.end(), trimmed) != kFalse.end()) {
    return false;
  }
  return absl::InvalidArgumentError("expected true or false");
}

absl::StatusOr<int64_t> ParseInteger(std::string_view text, int64_t min, int64_t max) {
  std::optional<int64_t> value = ParseWhole<int64_t>(Trim(text));
  if (!value || *value < min || *value > max) {
    return base::MakeStatus(absl::StatusCode::kInvalidArgument, "expected a whole number from {} to {}", min, max);
  }
  return *value;
}

absl::StatusOr<int64_t> ParseCount(std::string_view text) { return ParseInteger(text, 1); }

absl::StatusOr<double> ParseRatio(std::string_view text) {
  std::optional<double> value = ParseWhole<double>(Trim(text));
  // The comparison is written so that NaN fails it.
  if (!value || !(*value >= 0.0 && *value <= 1.0)) {
    return absl::InvalidArgumentError("expected a number from 0 to 1");
  }
  return *value;
}

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) { return ParseMilliseconds(text); }

absl::StatusOr<absl::Duration> ParsePeriod(std::string_view text) {
  absl::StatusOr<absl::Duration> period = ParseMilliseconds(text);
  if (period.ok() && *period == absl::ZeroDuration()) {
    return absl::InvalidArgumentError("expected a number of milliseconds, 1 or more");
  }
  return period;
}

absl::StatusOr<absl::Duration> ParseTimeout(std::string_view text) {
  absl::StatusOr<absl::Duration> timeout = ParseMilliseconds(text);
  if (timeout.ok() && *timeout == absl::ZeroDuration()) {
    return absl::InfiniteDuration();
  }
  return timeout;
}

std::string ShowBool(bool value) { return value ? "true" : "false"; }

std::string ShowNumber(uint64_t value) { return fmt::format("{}", value); }

std::string ShowText(std::string_view value) { return std::string(value); }

std::string ShowMilliseconds(absl::Duration duration) {
  return duration == absl::InfiniteDuration() ? "0" : fmt::format("{}", absl::ToInt64Milliseconds(duration));
}

absl::StatusOr<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    std::optional<unsigned> high = i + 1 < text.size() ? HexDigit(text[i + 1]) : std::nullopt;
    std::optional<unsigned> low = i + 2 < text.size() ? HexDigit(text[i + 2]) : std::nullopt;
    if (!high || !low) {
      return absl::InvalidArgumentError("expected two hexadecimal digits behind every '%' (a '%' itself is %25)");
    }
    decoded += static_cast<char>(*high << 4 | *low);
    i += 2;
  }
  return decoded;
}

}  // namespace nodespan::config
