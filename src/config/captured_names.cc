// SPDX-License-Identifier: Apache-2.0
#include "config/captured_names.h"

#include <algorithm>
#include <utility>

#include "config/env_value.h"
#include "fmt/format.h"
#include "model/captured_names.h"

namespace nodespan::config {
namespace {

constexpr std::string_view kIgnored = "ignoring this item";

}  // namespace

std::vector<std::string> ParseCapturedNames(std::string_view name, std::string_view text, Warnings& warnings) {
  std::vector<std::string> names;
  for (const std::string_view item : SplitList(text)) {
    std::string header = ToLower(item);
    if (std::find(names.begin(), names.end(), header) != names.end()) {
      continue;
    }
    if (!IsToken(header)) {
      warnings.AddBadValue(name, item, "not the name of a header", kIgnored);
    } else if (header.size() > model::kMaxCapturedNameBytes) {
      warnings.AddBadValue(name, item, fmt::format("longer than {} bytes", model::kMaxCapturedNameBytes), kIgnored);
    } else if (names.size() == model::kMaxCapturedNames) {
      warnings.AddBadValue(name, item, fmt::format("more than {} names", model::kMaxCapturedNames), kIgnored);
    } else {
      names.push_back(std::move(header));
    }
  }
  return names;
}

}  // namespace nodespan::config
