// SPDX-License-Identifier: Apache-2.0
// Takes the secrets out of a URL query (SPEC section 3.2). Pure function.
#pragma once

#include <string>
#include <string_view>

namespace nodespan::spans {

// `query` with the value of each key that is known to carry a credential replaced by "REDACTED"; keys are
// case-sensitive and compared decoded, as the server does. Everything else stays byte for byte.
std::string RedactQuery(std::string_view query);

}  // namespace nodespan::spans
