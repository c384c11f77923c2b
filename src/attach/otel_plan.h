// SPDX-License-Identifier: Apache-2.0
// The plan for spans that a program makes through the OpenTelemetry API without an SDK of its own. Internal to
// `attach`.
#pragma once

#include <vector>

#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Spans of go.opentelemetry.io/auto/sdk, and of its copy in the API.
LibraryPlan PlanOtelSdks(const goinspect::GoBinary& binary, ns_binary_params* params);

// Spans of the global tracer while no provider is set.
LibraryPlan PlanOtelGlobal(const goinspect::GoBinary& binary, ns_binary_params* params);

// Where the program's own SDK hands spans to its exporters, as far as these leave the process.
LibraryPlan PlanOwnSdk(const goinspect::GoBinary& binary);

// With one of the first two attached: adds to `context_types` where contexts have their span.
void PlanOtelContexts(const goinspect::GoBinary& binary, std::vector<ContextType>* context_types);

}  // namespace nodespan::attach
