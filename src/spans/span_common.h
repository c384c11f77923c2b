// SPDX-License-Identifier: Apache-2.0
// What all kinds of spans are made with. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/record_reader.h"
#include "model/span.h"
#include "spans/wall_clock.h"

namespace nodespan::spans {

// Text of a traced process as an attribute may hold it: valid UTF-8; of a cut text no half character is kept.
std::string Clean(std::string_view text, bool cut = false);
std::string Clean(std::string&& text);
std::string Clean(const events::EventString& string);

// OTLP flags of a link to a span of another process.
uint32_t RemoteFlags(uint8_t trace_flags);

// Ids, flags, times and the tracestate: `tracestate` of the request, if it had one, with what is known about sampling.
void CopyIdentity(const events::EventHeader& header, const WallClock& clock, model::Span& span,
                  const events::EventString& tracestate = {});

}  // namespace nodespan::spans
