// SPDX-License-Identifier: Apache-2.0
// Reading of JSON whose types nobody promises: what is not there, or is something else, is empty. For .cc files only.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "nlohmann/json.hpp"

namespace nodespan::k8s {

using Json = nlohmann::json;

// What `text` says; discarded, a value of its own kind that has no members, when it is no JSON.
inline Json ParseJson(std::string_view text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false); }

// The member `key` of an object; null when `json` is none or has none.
inline const Json& Member(const Json& json, std::string_view key) {
  static const Json kNull;
  if (!json.is_object()) {
    return kNull;
  }
  const auto found = json.find(key);
  return found == json.end() ? kNull : *found;
}

// A member that is text.
inline std::string_view Text(const Json& json, std::string_view key) {
  const auto* text = Member(json, key).get_ptr<const std::string*>();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

}  // namespace nodespan::k8s
