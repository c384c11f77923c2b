// SPDX-License-Identifier: Apache-2.0
// Parsers of single values as OpenTelemetry writes them in environment variables (SPEC section 1.1).
//
// Pure functions. A bad value gives kInvalidArgument with a message that says what is expected ("expected ..."), ready
// to stand behind the name and the value; what is used instead is the caller's decision.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/errors.h"
#include "fmt/ranges.h"

namespace nodespan::config {

// Without blanks and tabs at both ends.
std::string_view Trim(std::string_view text);
// ASCII only, whatever the locale.
std::string ToLower(std::string_view text);
// The items of a comma-separated list, trimmed, empty ones left out.
std::vector<std::string_view> SplitList(std::string_view text);

// `true` or `false` in any case. (The caller takes everything else for false.)
absl::StatusOr<bool> ParseBool(std::string_view text);
// What Go's strconv.ParseBool takes: 1 t T TRUE true True 0 f F FALSE false False. OTEL_GO_AUTO_* only.
absl::StatusOr<bool> ParseGoBool(std::string_view text);

inline constexpr int64_t kMaxInteger = INT32_MAX;
// A decimal integer within [min, max].
absl::StatusOr<int64_t> ParseInteger(std::string_view text, int64_t min, int64_t max = kMaxInteger);
// How many of something: a whole number, 1 or more.
absl::StatusOr<int64_t> ParseCount(std::string_view text);
// A number within [0, 1].
absl::StatusOr<double> ParseRatio(std::string_view text);

// Milliseconds, >= 0.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);
absl::StatusOr<absl::Duration> ParsePeriod(std::string_view text);  // not 0
// Milliseconds, > 0; 0 means no limit and gives InfiniteDuration.
absl::StatusOr<absl::Duration> ParseTimeout(std::string_view text);

// RFC 3986 %XX; `+` is itself. The result can hold any byte.
absl::StatusOr<std::string> PercentDecode(std::string_view text);

// The inverse of the parsers above.
std::string ShowBool(bool value);
std::string ShowNumber(uint64_t value);
std::string ShowText(std::string_view value);
std::string ShowMilliseconds(absl::Duration duration);  // "0" for InfiniteDuration

template <typename T>
struct NamedValue {
  std::string_view name;  // lower case
  T value;
};

// The value whose name is `text` in any case.
template <typename T>
absl::StatusOr<T> ParseEnum(std::string_view text, std::span<const NamedValue<T>> choices) {
  std::string lower = ToLower(Trim(text));
  std::vector<std::string_view> names;
  for (const NamedValue<T>& choice : choices) {
    if (choice.name == lower) {
      return choice.value;
    }
    names.push_back(choice.name);
  }
  return base::MakeStatus(absl::StatusCode::kInvalidArgument, "expected one of {}", fmt::join(names, ", "));
}

// The name of a value; empty when none of the choices is it.
template <typename T>
std::string_view NameOf(const T& value, std::span<const NamedValue<T>> choices) {
  for (const NamedValue<T>& choice : choices) {
    if (choice.value == value) {
      return choice.name;
    }
  }
  return {};
}

}  // namespace nodespan::config
