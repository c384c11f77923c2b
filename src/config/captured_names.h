// SPDX-License-Identifier: Apache-2.0
// Lists of headers that spans are to show.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/warnings.h"

namespace nodespan::config {

// The names of a comma list as model::CapturedNames wants them. What is no name of a header (RFC 9110, section 5.1: a
// token), too long, or more than the kernel side looks for is left out with a warning that calls the variable `name`.
std::vector<std::string> ParseCapturedNames(std::string_view name, std::string_view text, Warnings& warnings);

}  // namespace nodespan::config
