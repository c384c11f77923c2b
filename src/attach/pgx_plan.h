// SPDX-License-Identifier: Apache-2.0
// The plan for jackc/pgx without database/sql. Internal to `attach`.
#pragma once

#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Fills params->pgx, and its part of params->database, when the library can be attached.
LibraryPlan PlanPgx(const goinspect::GoBinary& binary, ns_binary_params* params);

}  // namespace nodespan::attach
