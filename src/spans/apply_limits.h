// SPDX-License-Identifier: Apache-2.0
// Cuts a finished span down to what it may have. Pure function.
#pragma once

#include "model/span.h"
#include "model/span_limits.h"

namespace nodespan::spans {

// Attributes, events and links beyond a limit go from the end, where the ones that matter least are, and are counted.
// Longer texts are cut behind whole characters, which is counted nowhere, as in the SDKs.
void ApplyLimits(const model::SpanLimits& limits, model::Span& span);

}  // namespace nodespan::spans
