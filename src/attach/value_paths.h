// SPDX-License-Identifier: Apache-2.0
// Ways from a value to one of its parts, as programs follow them. Internal to `attach`.
#pragma once

#include <span>
#include <string_view>

#include "bpf/abi/nodespan_abi.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// The way along `fields` from a struct to a part of kind `wanted`: pointers are followed, structs are looked into. No
// steps when the structs are not like that.
ns_value_path FindPath(const goinspect::GoBinary& binary, const goinspect::StructType& from,
                       std::span<const std::string_view> fields, goinspect::Kind wanted);

}  // namespace nodespan::attach
