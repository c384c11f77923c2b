// SPDX-License-Identifier: Apache-2.0
// The plan for net/http servers. Internal to `attach`.
#pragma once

#include <vector>

#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Fills params->http_server, the parts of requests that servers read and params->go.g_panic_off when the library can be
// attached: requests over HTTP/1.
LibraryPlan PlanHttpServer(const goinspect::GoBinary& binary, ns_binary_params* params);

// Requests over HTTP/2, for each package that serves them; they need what PlanHttpServer filled in.
std::vector<LibraryPlan> PlanHttpStreams(const goinspect::GoBinary& binary, ns_binary_params* params);

}  // namespace nodespan::attach
