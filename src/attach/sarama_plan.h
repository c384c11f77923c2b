// SPDX-License-Identifier: Apache-2.0
// The plans for IBM/sarama. Internal to `attach`.
#pragma once

#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Each fills its part of params->sarama when the library can be attached.
LibraryPlan PlanSaramaSync(const goinspect::GoBinary& binary, ns_binary_params* params);
LibraryPlan PlanSaramaAsync(const goinspect::GoBinary& binary, ns_binary_params* params);
// Fills params->sarama_consumer.
LibraryPlan PlanSaramaConsumer(const goinspect::GoBinary& binary, ns_binary_params* params);

}  // namespace nodespan::attach
