// SPDX-License-Identifier: Apache-2.0
// One attribute in both generations of the semantic conventions.
#pragma once

#include <string_view>

namespace nodespan::spans {

// Named by the stable conventions and by those before. Empty: that generation does not have it.
struct AttributeName {
  std::string_view stable;
  std::string_view old;
};

// The version whose stable names are emitted.
inline constexpr std::string_view kSchemaUrl = "https://opentelemetry.io/schemas/1.44.0";

}  // namespace nodespan::spans
