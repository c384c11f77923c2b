// SPDX-License-Identifier: Apache-2.0
// Settings that are one field of the Config: the value is parsed, stored, and shown again.
//
// A field is named by its path, as in Text<&Config::pods, &PodOptions::node_name>().
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/errors.h"
#include "config/env_value.h"
#include "config/settings.h"
#include "model/span_limits.h"

namespace nodespan::config {

template <auto... path>
auto& Field(auto& config) {
  return (config.*....*path);
}

// What `parse` makes of the text; `show` is its inverse.
template <auto parse, auto show, auto... path>
constexpr SettingValue Parsed() {
  return {.set = [](const SettingInput& input, Config& config) -> absl::Status {
            auto parsed = parse(input.text);
            if (!parsed.ok()) {
              return parsed.status();
            }
            auto& field = Field<path...>(config);
            field = static_cast<std::remove_reference_t<decltype(field)>>(*std::move(parsed));
            return absl::OkStatus();
          },
          .show = [](const Config& config) -> std::string { return std::string(show(Field<path...>(config))); }};
}

template <auto... path>
constexpr SettingValue Text() {
  return {.set = [](const SettingInput& input, Config& config) -> absl::Status {
            Field<path...>(config) = std::string(input.text);
            return absl::OkStatus();
          },
          .show = [](const Config& config) -> std::string { return Field<path...>(config); }};
}

// Everything that is not `true` is false, whatever it was before (SPEC 1.1).
template <auto... path>
constexpr SettingValue Boolean() {
  return {.set = [](const SettingInput& input, Config& config) -> absl::Status {
            const absl::StatusOr<bool> parsed = ParseBool(input.text);
            if (!parsed.ok()) {
              input.warnings.AddBadValue(input.source, input.text, base::Message(parsed.status()), "using false");
            }
            Field<path...>(config) = parsed.value_or(false);
            return absl::OkStatus();
          },
          .show = [](const Config& config) -> std::string { return ShowBool(Field<path...>(config)); }};
}

// How many of something a span may have.
template <auto... path>
constexpr SettingValue CountLimit() {
  return {.set = [](const SettingInput& input, Config& config) -> absl::Status {
            const absl::StatusOr<int64_t> count = ParseInteger(input.text, 0);
            if (!count.ok()) {
              return count.status();
            }
            Field<path...>(config) = std::min(static_cast<size_t>(*count), model::kMaxCountLimit);
            if (static_cast<size_t>(*count) > model::kMaxCountLimit) {
              input.warnings.AddBadValue(input.source, input.text, "more than nodespan keeps",
                                         fmt::format("using {}", model::kMaxCountLimit));
            }
            return absl::OkStatus();
          },
          .show = [](const Config& config) -> std::string { return ShowNumber(Field<path...>(config)); }};
}

// Adds every item of a comma list; one that `parse` refuses refuses the list.
template <auto parse, auto... path>
constexpr SettingValue ListOf() {
  return {.set = [](const SettingInput& input, Config& config) -> absl::Status {
            auto values = Field<path...>(config);
            std::vector<std::string_view> items = SplitList(input.text);
            if (items.empty()) {
              items.emplace_back();  // to be refused
            }
            for (const std::string_view item : items) {
              auto parsed = parse(item);
              if (!parsed.ok()) {
                return parsed.status();
              }
              values.push_back(*std::move(parsed));
            }
            Field<path...>(config) = std::move(values);
            return absl::OkStatus();
          },
          .show = [](const Config& config) -> std::string {
            return fmt::format("{}", fmt::join(Field<path...>(config), ","));
          }};
}

}  // namespace nodespan::config
