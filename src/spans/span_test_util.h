// SPDX-License-Identifier: Apache-2.0
// What the tests of all kinds of spans share.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "model/span.h"
#include "spans/wall_clock.h"

namespace nodespan::spans::testing {

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

// Every attribute, a text, a whole number or a truth value, as "key=value", in order.
inline std::vector<std::string> Lines(const model::Span& span) {
  std::vector<std::string> lines;
  for (const model::Attribute& attribute : span.attributes) {
    std::string value;
    if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      value = *text;
    } else if (const auto* truth = std::get_if<bool>(&attribute.value)) {
      value = *truth ? "true" : "false";
    } else {
      value = std::to_string(std::get<int64_t>(attribute.value));
    }
    lines.push_back(std::string(attribute.key) + "=" + value);
  }
  return lines;
}

}  // namespace nodespan::spans::testing
