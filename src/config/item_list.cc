// SPDX-License-Identifier: Apache-2.0
#include "config/item_list.h"

#include <algorithm>
#include <utility>

#include "config/env_value.h"
#include "fmt/format.h"

namespace nodespan::config {

std::vector<std::string> ParseItems(std::string_view name, std::string_view text, const ItemRules& rules,
                                    Warnings& warnings) {
  constexpr std::string_view kIgnored = "ignoring this item";
  std::vector<std::string> items;
  for (const std::string_view item : SplitList(text)) {
    std::string kept = rules.in_lower_case ? ToLower(item) : std::string(item);
    if (std::find(items.begin(), items.end(), kept) != items.end()) {
      continue;
    }
    if (const std::string_view problem = rules.problem(kept); !problem.empty()) {
      warnings.AddBadValue(name, item, problem, kIgnored);
    } else if (kept.size() > rules.max_bytes) {
      warnings.AddBadValue(name, item, fmt::format("longer than {} bytes", rules.max_bytes), kIgnored);
    } else if (items.size() == rules.max_count) {
      warnings.AddBadValue(name, item, fmt::format("more than {} {}", rules.max_count, rules.plural), kIgnored);
    } else {
      items.push_back(std::move(kept));
    }
  }
  return items;
}

}  // namespace nodespan::config
