// SPDX-License-Identifier: Apache-2.0
// The plans for messages that carry the trace on to other programs. Internal to `attach`.
//
// What is written, and where, is said in bpf/programs/propagate_*.bpf.c. amd64 only, where it can be proven what a
// function keeps in which place.
#pragma once

#include <vector>

#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// One plan for each protocol and copy of a package, of the kind LibraryKind::kPropagation. Needs what the plans of the
// clients filled in.
std::vector<LibraryPlan> PlanPropagation(const goinspect::GoBinary& binary, const std::vector<LibraryPlan>& clients,
                                         ns_binary_params* params);

}  // namespace nodespan::attach
