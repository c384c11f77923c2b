// SPDX-License-Identifier: Apache-2.0
// The plan for go.mongodb.org/mongo-driver. Internal to `attach`.
#pragma once

#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Fills params->mongo when the library can be attached.
LibraryPlan PlanMongo(const goinspect::GoBinary& binary, ns_binary_params* params);

}  // namespace nodespan::attach
