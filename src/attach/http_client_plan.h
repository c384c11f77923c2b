// SPDX-License-Identifier: Apache-2.0
// The plans for clients of net/http and of HTTP/2 without it. Internal to `attach`.
#pragma once

#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Fills params->http_client and params->http_request when the library can be attached.
LibraryPlan PlanHttpClient(const goinspect::GoBinary& binary, ns_binary_params* params);

// Requests that a transport of HTTP/2 is given by the program itself. `client`: the plan for net/http.
LibraryPlan PlanHttpTwoClient(const goinspect::GoBinary& binary, const LibraryPlan& client, ns_binary_params* params);

}  // namespace nodespan::attach
