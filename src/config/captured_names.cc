// SPDX-License-Identifier: Apache-2.0
#include "config/captured_names.h"

#include "base/token.h"
#include "config/item_list.h"
#include "model/captured_names.h"

namespace nodespan::config {

std::vector<std::string> ParseCapturedNames(std::string_view name, std::string_view text, Warnings& warnings) {
  return ParseItems(name, text,
                    {.plural = "names",
                     .max_bytes = model::kMaxCapturedNameBytes,
                     .max_count = model::kMaxCapturedNames,
                     .problem = [](std::string_view item) -> std::string_view {
                       return base::IsToken(item) ? "" : "not the name of a header";
                     },
                     .in_lower_case = true},
                    warnings);
}

}  // namespace nodespan::config
