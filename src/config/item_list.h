// SPDX-License-Identifier: Apache-2.0
// Comma lists whose items are kept as text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/warnings.h"

namespace nodespan::config {

struct ItemRules {
  std::string_view plural;  // what the items are: "names"
  size_t max_bytes = 0;     // of one item
  size_t max_count = 0;     // of different items
  // What is wrong with an item, which is not empty; empty: nothing.
  std::string_view (*problem)(std::string_view item) = nullptr;
  bool in_lower_case = false;  // so they are compared and kept
};

// The different items of the list, in their order. One that breaks a rule is left out with a warning that calls the
// variable `name`.
std::vector<std::string> ParseItems(std::string_view name, std::string_view text, const ItemRules& rules,
                                    Warnings& warnings);

}  // namespace nodespan::config
