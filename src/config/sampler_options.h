// SPDX-License-Identifier: Apache-2.0
// OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG, nodespan's own or a traced process's (SPEC section 1.4).
#pragma once

#include <string_view>

#include "config/environment.h"
#include "config/warnings.h"
#include "model/sampler.h"

namespace nodespan::config {

// The sampler that `environment` asks for. `fallback` when it does not ask, or asks for one that is unknown or not
// implemented (jaeger_remote, xray), which gives a warning. A ratio that is missing or bad is 1.
model::Sampler ReadSampler(const Environment& environment, const model::Sampler& fallback, Warnings& warnings);

// Its name as OTEL_TRACES_SAMPLER has it.
std::string_view SamplerName(const model::Sampler& sampler);

}  // namespace nodespan::config
