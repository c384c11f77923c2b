// SPDX-License-Identifier: Apache-2.0
#include "config/semconv_opt_in.h"

#include <array>

#include "config/env_value.h"

namespace nodespan::config {
namespace {

using model::Semconv;
using model::SemconvMode;

struct Category {
  std::string_view name;
  SemconvMode Semconv::*mode;
};

constexpr std::array<Category, 4> kCategories = {{
    {"http", &Semconv::http},
    {"database", &Semconv::database},
    {"rpc", &Semconv::rpc},
    {"messaging", &Semconv::messaging},
}};

}  // namespace

model::Semconv ParseSemconvOptIn(std::string_view text, const model::Semconv& defaults, Warnings& warnings) {
  Semconv semconv = defaults;
  for (const Category& category : kCategories) {
    bool wants_new = false;
    bool wants_old = false;
    for (std::string_view item : SplitList(text)) {
      std::string lower = ToLower(item);
      std::string_view rest = lower;
      if (!rest.starts_with(category.name)) {
        continue;
      }
      rest.remove_prefix(category.name.size());
      if (rest.empty()) {
        wants_new = true;
      } else if (rest == "/old") {
        wants_old = true;
      } else if (rest == "/dup") {
        wants_new = wants_old = true;
      } else if (rest.starts_with('/')) {
        warnings.AddBadValue("OTEL_SEMCONV_STABILITY_OPT_IN", item,
                             fmt::format("expected {0}, {0}/dup or {0}/old", category.name), "ignoring this item");
      }
    }
    if (wants_new || wants_old) {
      semconv.*category.mode = !wants_old ? SemconvMode::kNew : !wants_new ? SemconvMode::kOld : SemconvMode::kDup;
    }
  }
  return semconv;
}

std::string ShowSemconvOptIn(const model::Semconv& semconv) {
  std::vector<std::string> items;
  for (const Category& category : kCategories) {
    const SemconvMode mode = semconv.*category.mode;
    const std::string_view form = mode == SemconvMode::kNew ? "" : mode == SemconvMode::kOld ? "/old" : "/dup";
    items.push_back(fmt::format("{}{}", category.name, form));
  }
  return fmt::format("{}", fmt::join(items, ","));
}

}  // namespace nodespan::config
