// SPDX-License-Identifier: Apache-2.0
// One call of the OpenTelemetry API for a span, as the kernel side reports it. A value: the strings are views into the
// record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "events/event_base.h"

namespace nodespan::events {

enum class ApiAction : uint8_t {
  kBegin,       // Tracer.Start: `text` is the name.
  kAttributes,  // Span.SetAttributes.
  kStatus,      // Span.SetStatus: `number` is the codes.Code, `text` the description.
  kName,        // Span.SetName: `text`.
  kEvent,       // Span.AddEvent: `text` is its name.
  kError,       // Span.RecordError: `text` is the error's, as far as it could be read.
  kEnd,         // Span.End.
  kEncoded,     // The whole span as OTLP/JSON in `body`, when it ended.
};

struct ApiEvent {
  EventHeader header;  // `start_mono_ns`: of the span; `end_mono_ns`: of the call.
  ApiAction action = ApiAction::kBegin;
  uint32_t number = 0;
  std::optional<uint64_t> error_type_vaddr;  // See model/type_names.h.
  bool items_cut = false;                    // There were more items than the record has.

  EventString text;
  EventString tracer;  // kBegin: the name that the tracer was made with.
  EventString body;    // kEncoded: JSON. Otherwise items, for ReadApiItems().
};

// What options and attributes say.
struct ApiItem {
  enum class Kind : uint8_t {
    kBool,       // `value`: 8 bytes, not zero for true
    kInt64,      // 8 bytes
    kFloat64,    // 8 bytes
    kString,     // the text
    kBools,      // a byte for each
    kInt64s,     // 8 bytes for each
    kFloat64s,   // 8 bytes for each
    kStrings,    // `elements`
    kLeftOut,    // an attribute of a type that is not read, or that could not be read
    kSpanKind,   // 8 bytes: trace.SpanKind
    kTimestamp,  // time.Time: wall and ext, 8 bytes each
    kLink,       // trace id, span id, trace flags: 25 bytes
  };

  Kind kind = Kind::kLeftOut;
  bool cut = false;  // The value was longer.
  std::string_view key;
  std::string_view value;
  std::vector<EventString> elements;
};

// The items of a body; their numbers have the sizes that are given above. kDataLoss when the body is none.
absl::StatusOr<std::vector<ApiItem>> ReadApiItems(std::string_view body);

}  // namespace nodespan::events
