// SPDX-License-Identifier: Apache-2.0
// The W3C tracestate list (Trace Context level 2, section 3.3; SPEC section 4). Pure function.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nodespan::spans {

inline constexpr size_t kMaxTracestateMembers = 32;

// The list as it goes into a span: members in their order, without empty ones and the blanks around them. Empty when
// the list is not valid (a bad key or value, a key twice, more than 32 members): it is all or nothing. Of a list that
// was `cut` in the kernel the last member is left out, because nobody knows how it went on.
std::string NormalizeTracestate(std::string_view header, bool cut);

}  // namespace nodespan::spans
