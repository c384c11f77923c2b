// SPDX-License-Identifier: Apache-2.0
// The plans for routers: http.route of server operations. Internal to `attach`.
#pragma once

#include <vector>

#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// One plan for each router of the catalogue; each that can be attached fills one of params->routes. Needs what
// PlanHttpServer filled in.
std::vector<LibraryPlan> PlanRoutes(const goinspect::GoBinary& binary, ns_binary_params* params);

}  // namespace nodespan::attach
