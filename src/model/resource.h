// SPDX-License-Identifier: Apache-2.0
// What a span is about: one traced process. Shared, immutable; spans of one process point to the same object, and
// exporters group by that pointer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/attribute.h"

namespace nodespan::model {

struct Resource {
  std::vector<ResourceAttribute> attributes;  // Unique keys.
  std::string schema_url;
};

using ResourcePtr = std::shared_ptr<const Resource>;

}  // namespace nodespan::model
