// SPDX-License-Identifier: Apache-2.0
#include "config/http_methods.h"

#include "base/token.h"
#include "config/item_list.h"

namespace nodespan::config {

model::HttpMethods ParseHttpMethods(std::string_view name, std::string_view text, Warnings& warnings) {
  return ParseItems(name, text,
                    {.plural = "methods",
                     .max_bytes = model::kMaxHttpMethodBytes,
                     .max_count = model::kMaxHttpMethods,
                     .problem = [](std::string_view item) -> std::string_view {
                       return base::IsToken(item) ? "" : "not the name of a method";
                     }},
                    warnings);
}

}  // namespace nodespan::config
