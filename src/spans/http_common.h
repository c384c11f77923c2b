// SPDX-License-Identifier: Apache-2.0
// What spans of HTTP servers and clients have in common. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/record_reader.h"
#include "model/http_methods.h"
#include "model/span.h"
#include "spans/attribute_writer.h"

namespace nodespan::spans {

// Whether it is one of the known methods, which a span's name may have. A method that was cut is none.
bool IsKnownMethod(const events::EventString& method, const model::HttpMethods& known_methods);

// The scope of both kinds of spans, by the names that are emitted.
const model::InstrumentationScope* HttpScope(events::HttpLibrary library, model::SemconvMode mode);

// `known`: what IsKnownMethod says.
void AddMethod(const events::EventString& method, bool known, AttributeWriter& attributes);

// As in "1.1", "2".
std::string VersionText(events::HttpVersion version);

// The port that a URL of that scheme has without saying so.
std::optional<uint16_t> DefaultPort(std::string_view scheme);

}  // namespace nodespan::spans
