// SPDX-License-Identifier: Apache-2.0
#include "config/exclusion_patterns.h"

#include <algorithm>

#include "config/env_value.h"
#include "fmt/ranges.h"
#include "model/exclusions.h"

namespace nodespan::config {

std::vector<std::string> ParsePatterns(std::string_view name, std::string_view text, size_t max_count,
                                       Warnings& warnings) {
  constexpr std::string_view kIgnored = "ignoring this item";
  std::vector<std::string> patterns;
  if (ToLower(text) == "none") {
    return patterns;
  }
  for (const std::string_view item : SplitList(text)) {
    if (std::find(patterns.begin(), patterns.end(), item) != patterns.end()) {
      continue;
    }
    if (item.substr(0, item.size() - 1).find('*') != std::string_view::npos) {
      warnings.AddBadValue(name, item, "* stands at the end only", kIgnored);
    } else if (item.size() > model::kMaxPatternBytes) {
      warnings.AddBadValue(name, item, fmt::format("longer than {} bytes", model::kMaxPatternBytes), kIgnored);
    } else if (patterns.size() == max_count) {
      warnings.AddBadValue(name, item, fmt::format("more than {} patterns", max_count), kIgnored);
    } else {
      patterns.emplace_back(item);
    }
  }
  return patterns;
}

std::string ShowPatterns(const std::vector<std::string>& patterns) {
  return patterns.empty() ? "none" : fmt::format("{}", fmt::join(patterns, ","));
}

}  // namespace nodespan::config
