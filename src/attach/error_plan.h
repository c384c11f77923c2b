// SPDX-License-Identifier: Apache-2.0
// Which types of errors of a binary the programs can look into: for their text, and for the error that they wrap.
// Internal to `attach`.
#pragma once

#include "bpf/abi/nodespan_abi.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Fills go->errors. Of a type that is not in the binary, or has not the fields that are expected, nothing is known.
void PlanErrors(const goinspect::GoBinary& binary, ns_go_params* go);

}  // namespace nodespan::attach
