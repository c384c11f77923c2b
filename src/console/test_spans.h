// SPDX-License-Identifier: Apache-2.0
// Spans for the tests of this folder: one shop, three services, times that are easy to read.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "model/span.h"

namespace nodespan::console::testing {

inline constexpr uint64_t kStartNs = 1'700'000'000'123'000'000;  // 2023-11-14 22:13:20.123 UTC
inline constexpr uint64_t kMillisecond = 1'000'000;

// A server span of trace `trace` that runs from `begin_us` to `end_us` after kStartNs.
inline model::Span MakeSpan(uint8_t trace, uint8_t id, uint8_t parent, std::string name, uint64_t begin_us,
                            uint64_t end_us, std::string service = "shop") {
  static const model::InstrumentationScope scope{"nodespan/net/http", "0", ""};
  model::Span span;
  span.trace_id.fill(trace);
  span.span_id[7] = id;
  span.parent_span_id[7] = parent;
  span.flags = 0x101;
  span.kind = model::SpanKind::kServer;
  span.name = std::move(name);
  span.start_unix_ns = kStartNs + begin_us * 1000;
  span.end_unix_ns = kStartNs + end_us * 1000;
  span.scope = &scope;
  auto resource = std::make_shared<model::Resource>();
  resource->attributes.push_back({"service.name", std::move(service)});
  span.resource = std::move(resource);
  return span;
}

// In place: GCC 12 warns wrongly about moving a variant whose alternative it knows (-Wmaybe-uninitialized).
template <typename T>
void Add(model::Span& span, std::string_view key, T value) {
  model::Attribute& attribute = span.attributes.emplace_back();
  attribute.key = key;
  attribute.value.emplace<T>(std::move(value));
}

inline model::Span WithHttp(model::Span span, int64_t status, std::string path, std::string client = "10.0.0.7") {
  span.attributes = {{"http.request.method", std::string("GET")},
                     {"http.response.status_code", status},
                     {"url.path", std::move(path)},
                     {"client.address", std::move(client)},
                     {"user_agent.original", std::string("curl/8.5.0")},
                     {"http.request.body.size", int64_t{0}},
                     {"http.response.body.size", int64_t{1234}}};
  if (status >= 500) {
    span.status = model::StatusCode::kError;
    Add(span, "error.type", std::to_string(status));
  }
  return span;
}

}  // namespace nodespan::console::testing
