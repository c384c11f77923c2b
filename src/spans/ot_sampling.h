// SPDX-License-Identifier: Apache-2.0
// What a span's tracestate says about sampling, for who counts traces from spans. Source: OpenTelemetry specification,
// "TraceState Handling" and "TraceState: Probability Sampling". Pure function.
#pragma once

#include <string>

#include "events/event_base.h"

namespace nodespan::spans {

// A normalized tracestate (spans/tracestate.h), whose entry `ot` says `sampling`: unchanged when it does; else that
// entry comes first, with what else it had. Unchanged, too, when the entry would get longer than the 256 bytes that it
// may have. An entry `ot` that is not made of keys and values says nothing and is replaced.
std::string WithOtSampling(std::string tracestate, const events::OtSampling& sampling);

}  // namespace nodespan::spans
