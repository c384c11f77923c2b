// SPDX-License-Identifier: Apache-2.0
// Is a string valid UTF-8 without control characters, as all names in Go's type descriptors are?
// Source: RFC 3629 section 4 (well-formed sequences).
#pragma once

#include <string_view>

namespace nodespan::goinspect {

bool IsPrintableUtf8(std::string_view text);

}  // namespace nodespan::goinspect
