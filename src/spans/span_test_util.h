// SPDX-License-Identifier: Apache-2.0
// What the tests of all kinds of spans share.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "model/span.h"
#include "spans/wall_clock.h"

namespace nodespan::spans::testing {

// Where a program has the type *errors.errorString.
inline constexpr uint64_t kErrorStringVaddr = 0x6100;

// The monotonic clock began one second after the Unix epoch.
class FixedClock final : public base::Clock {
 public:
  int64_t MonotonicNs() const override { return 0; }
  int64_t WallNs() const override { return 1'000'000'000; }
};

inline const WallClock& FixedWallClock() {
  static const FixedClock clock;
  static const WallClock wall(&clock);
  return wall;
}

// Every attribute that is not a list, as "key=value", in order.
inline std::vector<std::string> Lines(const model::Span& span) {
  std::vector<std::string> lines;
  for (const model::Attribute& attribute : span.attributes) {
    std::string value;
    if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      value = *text;
    } else if (const auto* truth = std::get_if<bool>(&attribute.value)) {
      value = *truth ? "true" : "false";
    } else if (const auto* real = std::get_if<double>(&attribute.value)) {
      value = fmt::format("{}", *real);
    } else {
      value = fmt::format("{}", std::get<int64_t>(attribute.value));
    }
    lines.push_back(std::string(attribute.key) + "=" + value);
  }
  return lines;
}

// The same by key; none may be there twice.
inline std::map<std::string, std::string> Attributes(const model::Span& span) {
  std::map<std::string, std::string> attributes;
  for (const std::string& line : Lines(span)) {
    const size_t equals = line.find('=');
    EXPECT_TRUE(attributes.emplace(line.substr(0, equals), line.substr(equals + 1)).second) << "twice: " << line;
  }
  return attributes;
}

}  // namespace nodespan::spans::testing
