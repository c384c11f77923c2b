// SPDX-License-Identifier: Apache-2.0
// Plans the probes that show panics, for a program in which operations are traced.
#pragma once

#include "attach/attach_plan.h"
#include "bpf/abi/nodespan_abi.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

LibraryPlan PlanPanics(const goinspect::GoBinary& binary, ns_binary_params* params);

}  // namespace nodespan::attach
