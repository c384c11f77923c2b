// SPDX-License-Identifier: Apache-2.0
// nodespan's own version, from meson.build.
#pragma once

#include <string_view>

namespace nodespan::model {

inline constexpr std::string_view kVersion = NODESPAN_VERSION;

}  // namespace nodespan::model
