// SPDX-License-Identifier: Apache-2.0
#include "otlp/otlp_json.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "nlohmann/json.hpp"
#include "otlp/span_order.h"

namespace nodespan::otlp {
namespace {

using Json = nlohmann::ordered_json;

template <size_t N>
std::string Hex(const std::array<uint8_t, N>& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * N);
  for (const uint8_t byte : id) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 0xF];
  }
  return hex;
}

// JSON has no name for these; protobuf's mapping writes them as strings.
Json Double(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "Infinity" : "-Infinity";
  }
  return value;
}

Json Scalar(bool value) { return {{"boolValue", value}}; }
Json Scalar(int64_t value) { return {{"intValue", std::to_string(value)}}; }
Json Scalar(double value) { return {{"doubleValue", Double(value)}}; }
Json Scalar(const std::string& value) { return {{"stringValue", value}}; }

template <typename T>
Json Scalar(const std::vector<T>& list) {
  Json values = Json::array();
  for (const T& value : list) {
    values.push_back(Scalar(value));
  }
  return {{"arrayValue", {{"values", std::move(values)}}}};
}

Json Value(const model::AttributeValue& value) {
  return std::visit([](const auto& held) { return Scalar(held); }, value);
}

template <typename Attributes>
Json KeyValues(const Attributes& attributes) {
  Json list = Json::array();
  for (const auto& attribute : attributes) {
    Json key_value;
    key_value["key"] = attribute.key;
    key_value["value"] = Value(attribute.value);
    list.push_back(std::move(key_value));
  }
  return list;
}

void AddText(Json& object, const char* key, std::string_view text) {
  if (!text.empty()) {
    object[key] = text;
  }
}

void AddNumber(Json& object, const char* key, uint32_t number) {
  if (number != 0) {
    object[key] = number;
  }
}

template <typename Items>
void AddList(Json& object, const char* key, const Items& items, Json (*convert)(const typename Items::value_type&)) {
  if (items.empty()) {
    return;
  }
  Json list = Json::array();
  for (const auto& item : items) {
    list.push_back(convert(item));
  }
  object[key] = std::move(list);
}

template <typename Attributes>
void AddAttributes(Json& object, const Attributes& attributes) {
  if (!attributes.empty()) {
    object["attributes"] = KeyValues(attributes);
  }
}

Json Event(const model::SpanEvent& event) {
  Json json;
  json["timeUnixNano"] = std::to_string(event.time_unix_ns);
  AddText(json, "name", event.name);
  AddAttributes(json, event.attributes);
  AddNumber(json, "droppedAttributesCount", event.dropped_attributes_count);
  return json;
}

Json Link(const model::SpanLink& link) {
  Json json;
  json["traceId"] = Hex(link.trace_id);
  json["spanId"] = Hex(link.span_id);
  AddText(json, "traceState", link.trace_state);
  AddAttributes(json, link.attributes);
  AddNumber(json, "droppedAttributesCount", link.dropped_attributes_count);
  AddNumber(json, "flags", link.flags);
  return json;
}

Json Span(const model::Span& span) {
  Json json;
  json["traceId"] = Hex(span.trace_id);
  json["spanId"] = Hex(span.span_id);
  AddText(json, "traceState", span.trace_state);
  if (!model::IsZero(span.parent_span_id)) {
    json["parentSpanId"] = Hex(span.parent_span_id);
  }
  AddText(json, "name", span.name);
  json["kind"] = static_cast<int>(span.kind);
  json["startTimeUnixNano"] = std::to_string(span.start_unix_ns);
  json["endTimeUnixNano"] = std::to_string(span.end_unix_ns);
  AddAttributes(json, span.attributes);
  AddNumber(json, "droppedAttributesCount", span.dropped_attributes_count);
  AddList(json, "events", span.events, &Event);
  AddNumber(json, "droppedEventsCount", span.dropped_events_count);
  AddList(json, "links", span.links, &Link);
  AddNumber(json, "droppedLinksCount", span.dropped_links_count);
  if (span.status != model::StatusCode::kUnset) {
    Json status;
    if (span.status == model::StatusCode::kError) {
      AddText(status, "message", span.status_message);
    }
    status["code"] = static_cast<int>(span.status);
    json["status"] = std::move(status);
  }
  AddNumber(json, "flags", span.flags);
  return json;
}

Json ResourceEnvelope(const model::Resource* resource) {
  Json json;
  json["resource"] = Json::object();
  json["scopeSpans"] = Json::array();
  if (resource != nullptr) {
    AddAttributes(json["resource"], resource->attributes);
    AddText(json, "schemaUrl", resource->schema_url);
  }
  return json;
}

Json ScopeEnvelope(const model::InstrumentationScope* scope) {
  Json json;
  json["scope"] = Json::object();
  json["spans"] = Json::array();
  if (scope != nullptr) {
    AddText(json["scope"], "name", scope->name);
    AddText(json["scope"], "version", scope->version);
    AddText(json, "schemaUrl", scope->schema_url);
  }
  return json;
}

}  // namespace

std::string ToOtlpJson(std::span<const model::Span> spans) {
  Json resources = Json::array();
  const model::Span* previous = nullptr;
  for (const uint32_t index : GroupedOrder(spans)) {
    const model::Span& span = spans[index];
    const bool new_resource = previous == nullptr || span.resource != previous->resource;
    if (new_resource) {
      resources.push_back(ResourceEnvelope(span.resource.get()));
    }
    Json& scopes = resources.back()["scopeSpans"];
    if (new_resource || span.scope != previous->scope) {
      scopes.push_back(ScopeEnvelope(span.scope));
    }
    scopes.back()["spans"].push_back(Span(span));
    previous = &span;
  }
  Json request;
  request["resourceSpans"] = std::move(resources);
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace nodespan::otlp
