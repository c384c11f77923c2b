// SPDX-License-Identifier: Apache-2.0
// Plans google.golang.org/grpc, servers and clients. Internal to `attach`.
#pragma once

#include "attach/attach_plan.h"

namespace nodespan::attach {

LibraryPlan PlanGrpcServer(const goinspect::GoBinary& binary, ns_binary_params* params);
LibraryPlan PlanGrpcClient(const goinspect::GoBinary& binary, ns_binary_params* params);

}  // namespace nodespan::attach
