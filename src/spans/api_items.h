// SPDX-License-Identifier: Apache-2.0
// Options and attributes of calls of the OpenTelemetry API, as they come in records, for a span. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "events/api_event.h"
#include "model/span.h"
#include "spans/span_storage.h"

namespace nodespan::spans {

// Adds the attribute, or replaces the one with its key, as Span.SetAttributes does; beyond `max_count`, or when its
// value could not be read, it counts as dropped. Items that are no attributes change nothing.
void SetAttribute(const events::ApiItem& item, size_t max_count, SpanStorage& storage,
                  std::vector<model::Attribute>& attributes, uint32_t& dropped);

// A time.Time of Go by its fields wall and ext (time/time.go), in nanoseconds since 1970; 0 outside of uint64_t.
uint64_t UnixTimeOf(uint64_t wall, int64_t ext);

// The time of a kTimestamp item.
uint64_t UnixTimeOf(const events::ApiItem& item);

// The value of a kSpanKind item; kInternal for what OpenTelemetry does not know.
model::SpanKind SpanKindOf(const events::ApiItem& item);

// Adds the link; one without ids leads nowhere and counts as dropped, as does one beyond `max_count`.
void AddLink(const events::ApiItem& item, size_t max_count, model::Span& span);

}  // namespace nodespan::spans
