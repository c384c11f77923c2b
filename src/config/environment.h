// SPDX-License-Identifier: Apache-2.0
// A set of environment variables as a value: nodespan's own, or those a traced process was started with.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace nodespan::config {

using Environment = std::map<std::string, std::string, std::less<>>;

// Copies a null-terminated `NAME=value` array (environ). Of a name that occurs twice the first wins, as in getenv().
Environment CopyEnvironment(const char* const* entries);

// The value of `name` without surrounding blanks; absent when unset or empty (SPEC 1.1: empty means unset).
std::optional<std::string_view> Lookup(const Environment& environment, std::string_view name);

}  // namespace nodespan::config
