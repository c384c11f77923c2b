// SPDX-License-Identifier: Apache-2.0
// The part of the plan that servers and clients of net/http share: the layout of http.Request. Internal to `attach`.
#pragma once

#include "absl/status/status.h"
#include "attach/attach_plan.h"
#include "attach/http_catalog.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Adds `fields` and what every use of a request needs to `params`, on top of what another library put there.
absl::Status PlanHttpRequest(const goinspect::GoBinary& binary,
                             std::span<const FieldSpec<ns_http_request_params>> fields, ns_http_request_params* params,
                             LibraryPlan* plan);

}  // namespace nodespan::attach
