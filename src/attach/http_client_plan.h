// SPDX-License-Identifier: Apache-2.0
// The plan for net/http clients. Internal to `attach`.
#pragma once

#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Fills params->http_client and params->http_request when the library can be attached.
LibraryPlan PlanHttpClient(const goinspect::GoBinary& binary, ns_binary_params* params);

}  // namespace nodespan::attach
