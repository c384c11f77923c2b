// SPDX-License-Identifier: Apache-2.0
// What a traced process says about its own tracing in the environment it was started with, on top of the node's
// configuration (SPEC section 1.6): identity, sampler, semantic conventions, off switch. Never where spans go.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/environment.h"
#include "discovery/process_resource.h"
#include "model/sampler.h"
#include "model/semconv.h"

namespace nodespan::daemon {

struct TargetSettings {
  bool disabled = false;  // OTEL_SDK_DISABLED=true
  model::Sampler sampler;
  model::Semconv semconv;
  discovery::StatedIdentity identity;
  std::vector<std::string> warnings;  // values that could not be used
};

TargetSettings ReadTargetSettings(const config::Environment& environment, const config::Config& node);

}  // namespace nodespan::daemon
