// SPDX-License-Identifier: Apache-2.0
// The plan for net/http servers. Internal to `attach`.
#pragma once

#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Fills params->http_server and params->g_panic_off when the library can be attached.
LibraryPlan PlanHttpServer(const goinspect::GoBinary& binary, ns_binary_params* params);

}  // namespace nodespan::attach
