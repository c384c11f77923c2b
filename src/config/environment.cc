// SPDX-License-Identifier: Apache-2.0
#include "config/environment.h"

#include "config/env_value.h"

namespace nodespan::config {

Environment CopyEnvironment(const char* const* entries) {
  Environment environment;
  for (; entries != nullptr && *entries != nullptr; ++entries) {
    std::string_view entry(*entries);
    size_t equals = entry.find('=');
    if (equals != std::string_view::npos && equals > 0) {
      environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  return environment;
}

std::optional<std::string_view> Lookup(const Environment& environment, std::string_view name) {
  auto found = environment.find(name);
  if (found == environment.end()) {
    return std::nullopt;
  }
  std::string_view value = Trim(found->second);
  if (value.empty()) {
    return std::nullopt;
  }
  return value;
}

}  // namespace nodespan::config
