// SPDX-License-Identifier: Apache-2.0
#include "config/exclusion_patterns.h"

#include "config/env_value.h"
#include "config/item_list.h"
#include "fmt/ranges.h"

namespace nodespan::config {

std::vector<std::string> ParsePatterns(std::string_view name, std::string_view text, size_t max_count, size_t max_bytes,
                                       Warnings& warnings) {
  if (ToLower(text) == "none") {
    return {};
  }
  return ParseItems(name, text,
                    {.plural = "patterns",
                     .max_bytes = max_bytes,
                     .max_count = max_count,
                     .problem = [](std::string_view item) -> std::string_view {
                       item.remove_suffix(1);
                       return item.find('*') == std::string_view::npos ? "" : "* stands at the end only";
                     }},
                    warnings);
}

std::string ShowPatterns(const std::vector<std::string>& patterns) {
  return patterns.empty() ? "none" : fmt::format("{}", fmt::join(patterns, ","));
}

}  // namespace nodespan::config
