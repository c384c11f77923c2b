// SPDX-License-Identifier: Apache-2.0
// Tokens of HTTP (RFC 9110, section 5.6.2): the names of headers and methods.
#pragma once

#include <string_view>

namespace nodespan::base {

inline constexpr std::string_view kTokenCharacters =
    "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

inline bool IsToken(std::string_view text) {
  return !text.empty() && text.find_first_not_of(kTokenCharacters) == std::string_view::npos;
}

}  // namespace nodespan::base
