// SPDX-License-Identifier: Apache-2.0
// Lists of requests that are not traced.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/warnings.h"

namespace nodespan::config {

// The patterns of a comma list as model::Exclusions wants them; "none" alone is the empty list. A pattern that is too
// long, has a "*" anywhere but at its end, or is one more than `max_count` is left out with a warning that calls the
// variable `name`.
std::vector<std::string> ParsePatterns(std::string_view name, std::string_view text, size_t max_count, size_t max_bytes,
                                       Warnings& warnings);

// The list that gives these patterns: "none" when there is none.
std::string ShowPatterns(const std::vector<std::string>& patterns);

}  // namespace nodespan::config
