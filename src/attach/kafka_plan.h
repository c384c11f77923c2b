// SPDX-License-Identifier: Apache-2.0
// The plans for writers and readers of segmentio/kafka-go. Internal to `attach`.
#pragma once

#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Each fills its part of params->kafka, and what both share, when it can be attached.
LibraryPlan PlanKafkaWriter(const goinspect::GoBinary& binary, ns_binary_params* params);
LibraryPlan PlanKafkaReader(const goinspect::GoBinary& binary, ns_binary_params* params);

}  // namespace nodespan::attach
