// SPDX-License-Identifier: Apache-2.0
// What finding parents and reporting errors needs of Go's runtime and of the types of a binary. Internal to `attach`.
//
// Nothing here is required: where something is missing, that way to a parent does not exist in this binary.
#pragma once

#include <vector>

#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Goroutine numbers, creators, and the numbers a processor will give out next (runtime/runtime2.go: g, m, p).
void PlanGoroutines(const goinspect::GoBinary& binary, ns_go_params* go);

// Every type that the program uses as a context.Context, with the way to its parent: the embedded context.Context, or
// a field of that type, at most one pointer away (*gin.Context has its request, which has the context).
std::vector<ContextType> PlanContextTypes(const goinspect::GoBinary& binary);

// Every concrete type of errors, for error.type, and of connections of database drivers.
model::TypeNamesPtr PlanTypes(const goinspect::GoBinary& binary);

}  // namespace nodespan::attach
