// SPDX-License-Identifier: Apache-2.0
// What spans of HTTP servers and clients have in common. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/record_reader.h"
#include "model/span.h"
#include "spans/attribute_writer.h"

namespace nodespan::spans {

// The methods of RFC 9110, PATCH (RFC 5789) and QUERY. OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS replaces them.
std::vector<std::string> DefaultKnownMethods();

// The scope of both kinds of spans, by the names that are emitted.
const model::InstrumentationScope* HttpScope(model::SemconvMode mode);

// `known`: one of the known methods, which a span's name may have.
void AddMethod(const events::EventString& method, bool known, AttributeWriter& attributes);

// As in "1.1", "2".
std::string VersionText(events::HttpVersion version);

// The port that a URL of that scheme has without saying so.
std::optional<uint16_t> DefaultPort(std::string_view scheme);

}  // namespace nodespan::spans
