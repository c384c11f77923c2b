// SPDX-License-Identifier: Apache-2.0
// The instrumentation scope of a library, with and without the schema of the stable names.
#pragma once

#include <string_view>

#include "model/semconv.h"
#include "model/span.h"
#include "model/version.h"
#include "spans/attribute_name.h"

namespace nodespan::spans {

struct Scopes {
  explicit constexpr Scopes(std::string_view name)
      : stable{name, model::kVersion, kSchemaUrl}, with_old_names{name, model::kVersion, ""} {}

  const model::InstrumentationScope* Of(model::SemconvMode mode) const {
    return model::EmitsOld(mode) ? &with_old_names : &stable;
  }

  model::InstrumentationScope stable;
  model::InstrumentationScope with_old_names;
};

}  // namespace nodespan::spans
