// SPDX-License-Identifier: Apache-2.0
#include "spans/encoded_span.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "nlohmann/json.hpp"
#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

using Json = nlohmann::json;

// As deep as a span goes, and an array in an attribute.
constexpr size_t kMaxDepth = 24;

const Json& Member(const Json& object, const char* key) {
  static const Json kNothing;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : kNothing;
}

std::string Text(const Json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return text == nullptr ? std::string() : Clean(std::string(*text));
}

// 64-bit numbers are strings in OTLP/JSON; the Go module writes some as numbers.
template <typename Number>
std::optional<Number> ToNumber(const Json& value) {
  if (value.is_number_integer()) {
    return static_cast<Number>(value.is_number_unsigned() ? value.get<uint64_t>()
                                                          : static_cast<uint64_t>(value.get<int64_t>()));
  }
  const auto* text = value.get_ptr<const std::string*>();
  Number number{};
  if (text == nullptr) {
    return std::nullopt;
  }
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  return error == std::errc() && end == text->data() + text->size() ? std::optional(number) : std::nullopt;
}

uint32_t Count(const Json& value) { return ToNumber<uint32_t>(value).value_or(0); }

// A scalar, or nothing for what attributes of the Go API rarely are: bytes and maps.
std::optional<model::AttributeValue> ToScalar(const Json& value) {
  if (const Json& text = Member(value, "stringValue"); text.is_string()) {
    return Text(text);
  }
  if (const Json& boolean = Member(value, "boolValue"); boolean.is_boolean()) {
    return boolean.get<bool>();
  }
  if (const std::optional<int64_t> number = ToNumber<int64_t>(Member(value, "intValue"))) {
    return *number;
  }
  if (const Json& real = Member(value, "doubleValue"); real.is_number()) {
    return real.get<double>();
  }
  return std::nullopt;
}

template <typename T>
std::optional<model::AttributeValue> ToListOf(const Json& values) {
  std::vector<T> list;
  for (const Json& value : values) {
    const std::optional<model::AttributeValue> element = ToScalar(value);
    if (!element.has_value() || !std::holds_alternative<T>(*element)) {
      return std::nullopt;
    }
    list.push_back(std::get<T>(*element));
  }
  return list;
}

std::optional<model::AttributeValue> ToValue(const Json& value) {
  const Json& array = Member(value, "arrayValue");
  if (!array.is_object()) {
    return ToScalar(value);
  }
  const Json& values = Member(array, "values");
  for (const auto to_list : {ToListOf<std::string>, ToListOf<bool>, ToListOf<int64_t>, ToListOf<double>}) {
    if (std::optional<model::AttributeValue> list = to_list(values)) {
      return list;
    }
  }
  return std::nullopt;
}

void ReadAttributes(const Json& list, size_t max_count, SpanStorage& storage, std::vector<model::Attribute>& attributes,
                    uint32_t& dropped) {
  for (const Json& attribute : list) {
    std::optional<model::AttributeValue> value = ToValue(Member(attribute, "value"));
    std::string key = Text(Member(attribute, "key"));
    if (!value.has_value() || key.empty() || attributes.size() >= max_count) {
      ++dropped;
      continue;
    }
    attributes.push_back({storage.Keep(std::move(key)), *std::move(value)});
  }
}

template <size_t N>
bool ReadId(const Json& value, std::array<uint8_t, N>& id) {
  const auto* hex = value.get_ptr<const std::string*>();
  if (hex == nullptr || hex->size() != 2 * N) {
    return false;
  }
  for (size_t i = 0; i < N; ++i) {
    const char* digits = hex->data() + 2 * i;
    if (std::from_chars(digits, digits + 2, id[i], 16).ptr != digits + 2) {
      return false;
    }
  }
  return id != std::array<uint8_t, N>{};
}

void ReadEvents(const Json& list, const model::SpanLimits& limits, SpanStorage& storage, model::Span& span) {
  for (const Json& from : list) {
    if (span.events.size() >= limits.event_count) {
      ++span.dropped_events_count;
      continue;
    }
    model::SpanEvent& event = span.events.emplace_back();
    event.name = Text(Member(from, "name"));
    event.time_unix_ns = ToNumber<uint64_t>(Member(from, "timeUnixNano")).value_or(span.start_unix_ns);
    event.dropped_attributes_count = Count(Member(from, "droppedAttributesCount"));
    ReadAttributes(Member(from, "attributes"), limits.event_attribute_count, storage, event.attributes,
                   event.dropped_attributes_count);
  }
}

// A link to a span that has no ids, as those of this program have, leads nowhere.
void ReadLinks(const Json& list, const model::SpanLimits& limits, SpanStorage& storage, model::Span& span) {
  for (const Json& from : list) {
    model::SpanLink link;
    if (!ReadId(Member(from, "traceId"), link.trace_id) || !ReadId(Member(from, "spanId"), link.span_id) ||
        span.links.size() >= limits.link_count) {
      ++span.dropped_links_count;
      continue;
    }
    link.trace_state = Text(Member(from, "traceState"));
    link.flags = Count(Member(from, "flags"));
    link.dropped_attributes_count = Count(Member(from, "droppedAttributesCount"));
    ReadAttributes(Member(from, "attributes"), limits.link_attribute_count, storage, link.attributes,
                   link.dropped_attributes_count);
    span.links.push_back(std::move(link));
  }
}

void ReadStatus(const Json& from, model::Span& span) {
  const auto code = ToNumber<uint32_t>(Member(from, "code")).value_or(0);
  if (code == static_cast<uint32_t>(model::StatusCode::kError)) {
    span.status = model::StatusCode::kError;
    span.status_message = Text(Member(from, "message"));
  } else if (code == static_cast<uint32_t>(model::StatusCode::kOk)) {
    span.status = model::StatusCode::kOk;
  }
}

void ReadTime(const Json& from, uint64_t& time_unix_ns) {
  const uint64_t chosen = ToNumber<uint64_t>(from).value_or(0);
  const uint64_t distance = chosen > time_unix_ns ? chosen - time_unix_ns : time_unix_ns - chosen;
  if (chosen != 0 && distance > kChosenTimeNs) {
    time_unix_ns = chosen;
  }
}

}  // namespace

std::string CloseJson(std::string_view text) {
  std::string open;  // closing characters of what is open, innermost last
  size_t complete = 0;
  std::string open_there;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      i += c == '\\' ? 1 : 0;
      in_string = c != '"';
      continue;
    }
    switch (c) {
      case '"': in_string = true; break;
      case '{':
      case '[': open += c == '{' ? '}' : ']'; break;
      case '}':
      case ']':
        if (open.empty()) {
          return {};
        }
        open.pop_back();
        complete = i + 1;
        open_there = open;
        break;
      case ',':
        complete = i;
        open_there = open;
        break;
      default: break;
    }
    if (open.size() > kMaxDepth) {
      return {};
    }
  }
  return std::string(text.substr(0, complete)) + std::string(open_there.rbegin(), open_there.rend());
}

absl::Status ReadEncodedSpan(std::string_view json, bool cut, const model::SpanLimits& limits, SpanStorage& storage,
                             ScopeName* scope, model::Span& span) {
  const Json root = Json::parse(cut ? CloseJson(json) : std::string(json), nullptr, /*allow_exceptions=*/false);
  const auto first = [](const Json& list) -> const Json& {
    static const Json kNothing;
    return list.is_array() && !list.empty() ? list.front() : kNothing;
  };
  const Json& scope_spans = first(Member(first(Member(root, "resourceSpans")), "scopeSpans"));
  const Json& from = first(Member(scope_spans, "spans"));
  if (!from.is_object()) {
    return base::MakeStatus(absl::StatusCode::kDataLoss, "no span in {} bytes of JSON", json.size());
  }
  scope->name = Text(Member(Member(scope_spans, "scope"), "name"));
  scope->version = Text(Member(Member(scope_spans, "scope"), "version"));
  scope->schema_url = Text(Member(scope_spans, "schemaUrl"));
  span.name = Text(Member(from, "name"));
  if (const auto kind = ToNumber<uint32_t>(Member(from, "kind")).value_or(0); kind >= 1 && kind <= 5) {
    span.kind = static_cast<model::SpanKind>(kind);
  }
  ReadTime(Member(from, "startTimeUnixNano"), span.start_unix_ns);
  ReadTime(Member(from, "endTimeUnixNano"), span.end_unix_ns);
  span.end_unix_ns = std::max(span.end_unix_ns, span.start_unix_ns);
  span.dropped_attributes_count = Count(Member(from, "droppedAttributesCount"));
  span.dropped_events_count = Count(Member(from, "droppedEventsCount"));
  span.dropped_links_count = Count(Member(from, "droppedLinksCount"));
  ReadAttributes(Member(from, "attributes"), limits.attribute_count, storage, span.attributes,
                 span.dropped_attributes_count);
  ReadEvents(Member(from, "events"), limits, storage, span);
  ReadLinks(Member(from, "links"), limits, storage, span);
  ReadStatus(Member(from, "status"), span);
  return absl::OkStatus();
}

}  // namespace nodespan::spans
