// SPDX-License-Identifier: Apache-2.0
// OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS (SPEC section 3.2).
#pragma once

#include <string_view>

#include "config/warnings.h"
#include "model/http_methods.h"

namespace nodespan::config {

// The methods of a comma list, as they are written. What is no method, or more than there may be, is left out with a
// warning that calls the variable `name`. Empty when nothing is left.
model::HttpMethods ParseHttpMethods(std::string_view name, std::string_view text, Warnings& warnings);

}  // namespace nodespan::config
