// SPDX-License-Identifier: Apache-2.0
// What a traced process says about itself in its own environment (SPEC section 1.6, last paragraph).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/environment.h"
#include "config/warnings.h"

namespace nodespan::config {

// Reads the settings with Scope::kNodeAndTarget from the environment of a target. What that does not say comes from the
// first of `defaults` that does, setting by setting, and else from the node. Not so sdk_disabled, service_name and
// resource_attributes, which are the target's own words or none: discovery/process_resource.h knows which of both wins.
// Where spans go is never the target's to say.
TargetOptions ReadTargetOptions(const Environment& target, const Config& node, Warnings& warnings,
                                std::span<const Environment> defaults = {});

// The variables of these settings.
std::vector<std::string> TargetVariables();

}  // namespace nodespan::config
