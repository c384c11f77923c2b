// SPDX-License-Identifier: Apache-2.0
// The plans for servers and clients of valyala/fasthttp, and so of what is built on it. Internal to `attach`.
#pragma once

#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

LibraryPlan PlanFasthttpServer(const goinspect::GoBinary& binary, ns_binary_params* params);
LibraryPlan PlanFasthttpClient(const goinspect::GoBinary& binary, ns_binary_params* params);

}  // namespace nodespan::attach
