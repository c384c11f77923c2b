// SPDX-License-Identifier: Apache-2.0
#include "config/http_methods.h"

#include <algorithm>

#include "config/env_value.h"
#include "fmt/format.h"

namespace nodespan::config {

model::HttpMethods ParseHttpMethods(std::string_view name, std::string_view text, Warnings& warnings) {
  constexpr std::string_view kIgnored = "ignoring this item";
  model::HttpMethods methods;
  for (const std::string_view item : SplitList(text)) {
    if (std::find(methods.begin(), methods.end(), item) != methods.end()) {
      continue;
    }
    if (!IsToken(item)) {
      warnings.AddBadValue(name, item, "not the name of a method", kIgnored);
    } else if (item.size() > model::kMaxHttpMethodBytes) {
      warnings.AddBadValue(name, item, fmt::format("longer than {} bytes", model::kMaxHttpMethodBytes), kIgnored);
    } else if (methods.size() == model::kMaxHttpMethods) {
      warnings.AddBadValue(name, item, fmt::format("more than {} methods", model::kMaxHttpMethods), kIgnored);
    } else {
      methods.emplace_back(item);
    }
  }
  return methods;
}

}  // namespace nodespan::config
