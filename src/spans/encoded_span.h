// SPDX-License-Identifier: Apache-2.0
// Reads a span that a program encoded itself: the OTLP/JSON of go.opentelemetry.io/auto/sdk (internal/telemetry).
//
// Pure function of foreign bytes: anything that is not as expected is left out.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "model/span.h"
#include "model/span_limits.h"
#include "spans/span_storage.h"

namespace nodespan::spans {

// Fills name, kind, attributes, events, links, status and counts of what was dropped, and `scope`. Times that the
// program chose itself, more than kChosenTimeNs away from those that `span` has, are taken over. Ids are not: the
// program does not know them. `cut`: the end of the text is missing; what is there is used. What is
// beyond the counts of `limits` is counted as dropped. Keys of attributes go to
// `storage`. kDataLoss: this is no span, and nothing has changed.
absl::Status ReadEncodedSpan(std::string_view json, bool cut, const model::SpanLimits& limits, SpanStorage& storage,
                             ScopeName* scope, model::Span& span);

inline constexpr uint64_t kChosenTimeNs = 10'000'000;

// The text up to its last complete value, with everything closed that is open there. Empty when there is none.
// For texts that were cut off.
std::string CloseJson(std::string_view text);

}  // namespace nodespan::spans
