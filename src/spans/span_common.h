// SPDX-License-Identifier: Apache-2.0
// What every kind of span is built with. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "events/record_reader.h"
#include "model/span.h"
#include "spans/wall_clock.h"

namespace nodespan::spans {

// Text of a traced process as valid UTF-8; of a `cut` one the last, partial character is left out.
std::string Clean(std::string_view text, bool cut = false);
std::string Clean(std::string&& text);
std::string Clean(const events::EventString& string);

// Ids, flags and times.
void CopyHeader(const events::EventHeader& header, const WallClock& clock, model::Span& span);

}  // namespace nodespan::spans
