// SPDX-License-Identifier: Apache-2.0
// Reads the memory layout of a map type from its descriptor.
//
// The compiler describes the unit in which a map stores its entries (bucket of a classic map, group of a Swiss map) as
// a struct type with named fields. The names tell the kind and the order of keys and elements; no Go version is
// involved, as experiments (noswissmap, mapsplitgroup) change it within a release. Source: Go's
// cmd/compile/internal/reflectdata (MapBucketType, SwissMapGroupType); measured for Go 1.19 to 1.27.
#pragma once

#include <optional>

#include "goinspect/type_reader.h"

namespace nodespan::goinspect {

// Nullopt when the descriptor has a layout that is not known.
std::optional<MapLayout> ReadMapLayout(TypeReader& reader, const TypeHeader& map);

}  // namespace nodespan::goinspect
