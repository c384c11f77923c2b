// SPDX-License-Identifier: Apache-2.0
// One finished span, ready for any exporter. Field meanings and limits: OTLP trace.proto (SPEC section 2.1).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/attribute.h"
#include "model/resource.h"

namespace nodespan::model {

using TraceId = std::array<uint8_t, 16>;
using SpanId = std::array<uint8_t, 8>;

enum class SpanKind : uint8_t { kInternal = 1, kServer = 2, kClient = 3, kProducer = 4, kConsumer = 5 };
enum class StatusCode : uint8_t { kUnset = 0, kOk = 1, kError = 2 };

// The library whose operation a span describes. Compared by address. A constant, or held by Span::storage.
struct InstrumentationScope {
  std::string_view name;        // "nodespan/net/http"
  std::string_view version;     // nodespan's version
  std::string_view schema_url;  // empty when old attribute names are mixed in
};

struct SpanEvent {
  uint64_t time_unix_ns = 0;
  std::string name;
  std::vector<Attribute> attributes;
  uint32_t dropped_attributes_count = 0;
};

struct SpanLink {
  TraceId trace_id{};
  SpanId span_id{};
  std::string trace_state;
  uint32_t flags = 0;
  std::vector<Attribute> attributes;
  uint32_t dropped_attributes_count = 0;
};

struct Span {
  TraceId trace_id{};
  SpanId span_id{};
  SpanId parent_span_id{};  // All zero: a root.
  std::string trace_state;
  // OTLP Span.flags: W3C trace flags in bits 0-7, 0x100 "is remote" known, 0x200 parent is remote.
  uint32_t flags = 0;
  SpanKind kind = SpanKind::kInternal;
  std::string name;
  uint64_t start_unix_ns = 0;
  uint64_t end_unix_ns = 0;           // >= start_unix_ns
  std::vector<Attribute> attributes;  // Unique keys, valid UTF-8.
  uint32_t dropped_attributes_count = 0;
  std::vector<SpanEvent> events;
  uint32_t dropped_events_count = 0;
  std::vector<SpanLink> links;
  uint32_t dropped_links_count = 0;
  StatusCode status = StatusCode::kUnset;
  std::string status_message;                   // Only with kError.
  const InstrumentationScope* scope = nullptr;  // Never null on a finished span.
  ResourcePtr resource;                         // Never null on a finished span.
  // Holds what the span and its attributes refer to and what is no constant. Null: nothing.
  std::shared_ptr<const void> storage;
};

inline bool IsSampled(const Span& span) { return (span.flags & 1) != 0; }
inline bool IsZero(const SpanId& id) { return id == SpanId{}; }
inline bool IsZero(const TraceId& id) { return id == TraceId{}; }

}  // namespace nodespan::model
