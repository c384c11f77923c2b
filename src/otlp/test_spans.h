// SPDX-License-Identifier: Apache-2.0
// Spans for the tests and benchmarks of this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "model/span.h"

namespace nodespan::otlp::testing {

inline constexpr model::InstrumentationScope kHttpScope{"nodespan/net/http", "1.2.3", "https://example.org/schema"};
inline constexpr model::InstrumentationScope kSqlScope{"nodespan/database/sql", "1.2.3", ""};

inline model::ResourcePtr MakeResource(std::string service) {
  return std::make_shared<const model::Resource>(model::Resource{
      {{"service.name", std::move(service)}, {"process.pid", int64_t{4711}}}, "https://example.org/resource-schema"});
}

template <size_t N>
std::array<uint8_t, N> MakeId(uint64_t seed) {
  std::array<uint8_t, N> id{};
  for (size_t i = 0; i < N; ++i) {
    id[i] = static_cast<uint8_t>((seed >> (8 * (i % 8))) + i + 1);
  }
  return id;
}

// A span with the seven attributes of an ordinary HTTP request, about 300 bytes on the wire.
inline model::Span MakeHttpSpan(model::ResourcePtr resource, uint64_t number = 0) {
  model::Span span;
  span.trace_id = MakeId<16>(number);
  span.span_id = MakeId<8>(number);
  span.flags = 0x101;
  span.kind = model::SpanKind::kServer;
  span.name = "GET /users/{id}";
  span.start_unix_ns = 1'700'000'000'000'000'000 + number;
  span.end_unix_ns = span.start_unix_ns + 2'000'000;
  span.attributes = {{"http.request.method", "GET"},
                     {"url.path", "/users/4711"},
                     {"url.scheme", "http"},
                     {"http.route", "/users/{id}"},
                     {"http.response.status_code", int64_t{200}},
                     {"server.address", "users.shop.svc"},
                     {"server.port", int64_t{8080}}};
  span.scope = &kHttpScope;
  span.resource = std::move(resource);
  return span;
}

inline std::vector<model::Span> MakeHttpSpans(size_t count, const model::ResourcePtr& resource) {
  std::vector<model::Span> spans;
  for (size_t i = 0; i < count; ++i) {
    spans.push_back(MakeHttpSpan(resource, i));
  }
  return spans;
}

// A span in which every field is present.
inline model::Span MakeFullSpan(model::ResourcePtr resource) {
  model::Span span = MakeHttpSpan(std::move(resource), 7);
  span.parent_span_id = MakeId<8>(99);
  span.trace_state = "vendor=opaque,other=1";
  span.flags = 0x301;
  span.attributes = {{"string", "value"},
                     {"empty", std::string()},
                     {"true", true},
                     {"false", false},
                     {"negative", int64_t{-1}},
                     {"zero", int64_t{0}},
                     {"double", 0.25},
                     {"strings", std::vector<std::string>{"a", "", "c"}},
                     {"none", std::vector<std::string>{}},
                     {"bools", std::vector<bool>{true, false}},
                     {"ints", std::vector<int64_t>{-1, 0, 300}},
                     {"doubles", std::vector<double>{0.25, -4}}};
  span.dropped_attributes_count = 3;
  span.events = {{123, "exception", {{"exception.type", "*errors.errorString"}}, 2}, {124, "", {}, 0}};
  span.dropped_events_count = 4;
  span.links = {{MakeId<16>(5), MakeId<8>(6), "linked=1", 0x301, {{"messaging.message.id", "42"}}, 6}};
  span.dropped_links_count = 5;
  span.status = model::StatusCode::kError;
  span.status_message = "connection refused";
  return span;
}

// Any span at all: every field, count and length drawn from `random`.
class RandomSpans {
 public:
  explicit RandomSpans(uint64_t seed) : random_(seed) {
    for (int i = 0; i < 4; ++i) {
      resources_.push_back(MakeResource("service-" + std::to_string(i)));
    }
  }

  std::vector<model::Span> Make(size_t count) {
    std::vector<model::Span> spans;
    for (size_t i = 0; i < count; ++i) {
      spans.push_back(MakeOne());
    }
    return spans;
  }

 private:
  uint64_t Below(uint64_t limit) { return std::uniform_int_distribution<uint64_t>(0, limit - 1)(random_); }
  // As often tiny as large: the boundaries of a varint are where an encoder goes wrong.
  uint64_t AnyInteger() { return random_() >> Below(64); }
  uint32_t AnyCount() { return static_cast<uint32_t>(AnyInteger()); }

  std::string Text() {
    static constexpr const char* kPieces[] = {"a", "/users/", "ü", "日本", "\U0001F600", "=", "0123456789abcdef"};
    std::string text;
    for (uint64_t i = Below(Below(10) == 0 ? 2000 : 12); i > 0; --i) {
      text += kPieces[Below(std::size(kPieces))];
    }
    return text;
  }

  model::AttributeValue Value() {
    switch (Below(8)) {
      case 0: return Below(2) == 0;
      case 1: return static_cast<int64_t>(AnyInteger());
      case 2: return static_cast<double>(AnyInteger()) / 3;
      case 3: return Text();
      case 4: return std::vector<bool>(Below(5), Below(2) == 0);
      case 5: return std::vector<int64_t>(Below(5), static_cast<int64_t>(AnyInteger()));
      case 6: return std::vector<double>(Below(5), static_cast<double>(AnyInteger()) / 3);
      default: {
        std::vector<std::string> texts(Below(5));
        for (std::string& text : texts) {
          text = Text();
        }
        return texts;
      }
    }
  }

  std::vector<model::Attribute> Attributes() {
    static constexpr std::string_view kKeys[] = {"a", "http.request.method", "", "k\u00e9y"};
    std::vector<model::Attribute> attributes;
    for (uint64_t i = Below(10); i > 0; --i) {
      attributes.push_back({kKeys[Below(std::size(kKeys))], Value()});
    }
    return attributes;
  }

  model::Span MakeOne() {
    model::Span span;
    span.trace_id = MakeId<16>(random_());
    span.span_id = MakeId<8>(random_());
    if (Below(2) == 0) {
      span.parent_span_id = MakeId<8>(random_());
    }
    span.trace_state = Below(3) == 0 ? Text() : "";
    span.flags = AnyCount();
    span.kind = static_cast<model::SpanKind>(1 + Below(5));
    span.name = Text();
    span.start_unix_ns = AnyInteger();
    span.end_unix_ns = span.start_unix_ns + (AnyInteger() >> 1);
    span.attributes = Attributes();
    span.dropped_attributes_count = AnyCount();
    for (uint64_t i = Below(3); i > 0; --i) {
      span.events.push_back({AnyInteger(), Text(), Attributes(), AnyCount()});
    }
    span.dropped_events_count = AnyCount();
    for (uint64_t i = Below(3); i > 0; --i) {
      span.links.push_back({MakeId<16>(random_()), MakeId<8>(random_()), Text(), AnyCount(), Attributes(), AnyCount()});
    }
    span.dropped_links_count = AnyCount();
    span.status = static_cast<model::StatusCode>(Below(3));
    span.status_message = span.status == model::StatusCode::kError ? Text() : "";
    span.scope = Below(2) == 0 ? &kHttpScope : &kSqlScope;
    span.resource = resources_[Below(resources_.size())];
    return span;
  }

  std::mt19937_64 random_;
  std::vector<model::ResourcePtr> resources_;
};

}  // namespace nodespan::otlp::testing
