// SPDX-License-Identifier: Apache-2.0
// The order in which a batch is written so that every resource and every scope within it needs one envelope only.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/span.h"

namespace nodespan::otlp {

// Indices into `spans`: spans of one resource are adjacent, within it those of one scope (both compared by address, see
// model/resource.h). Groups keep the order of their first span, spans the order they had.
std::vector<uint32_t> GroupedOrder(std::span<const model::Span> spans);

}  // namespace nodespan::otlp
