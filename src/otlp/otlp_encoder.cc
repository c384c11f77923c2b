// SPDX-License-Identifier: Apache-2.0
#include "otlp/otlp_encoder.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "base/utf8.h"
#include "otlp/span_order.h"

namespace nodespan::otlp {
namespace {

// Field numbers, SPEC section 2.1.
namespace request {
constexpr uint32_t kResourceSpans = 1;
}
namespace resource_spans {
constexpr uint32_t kResource = 1, kScopeSpans = 2, kSchemaUrl = 3;
}
namespace resource {
constexpr uint32_t kAttributes = 1;
}
namespace scope_spans {
constexpr uint32_t kScope = 1, kSpans = 2, kSchemaUrl = 3;
}
namespace scope {
constexpr uint32_t kName = 1, kVersion = 2;
}
namespace span {
constexpr uint32_t kTraceId = 1, kSpanId = 2, kTraceState = 3, kParentSpanId = 4, kName = 5, kKind = 6, kStart = 7,
                   kEnd = 8, kAttributes = 9, kDroppedAttributes = 10, kEvents = 11, kDroppedEvents = 12, kLinks = 13,
                   kDroppedLinks = 14, kStatus = 15, kFlags = 16;
}
namespace event {
constexpr uint32_t kTime = 1, kName = 2, kAttributes = 3, kDroppedAttributes = 4;
}
namespace link {
constexpr uint32_t kTraceId = 1, kSpanId = 2, kTraceState = 3, kAttributes = 4, kDroppedAttributes = 5, kFlags = 6;
}
namespace status {
constexpr uint32_t kMessage = 2, kCode = 3;
}
namespace key_value {
constexpr uint32_t kKey = 1, kValue = 2;
}
namespace any_value {
constexpr uint32_t kString = 1, kBool = 2, kInt = 3, kDouble = 4, kArray = 5;
}
namespace array_value {
constexpr uint32_t kValues = 1;
}

template <size_t N>
std::string_view AsBytes(const std::array<uint8_t, N>& id) {
  return {reinterpret_cast<const char*>(id.data()), N};
}

// Writes the messages below the envelopes; knows nothing of requests and their size.
class MessageWriter {
 public:
  explicit MessageWriter(size_t capacity) : out_(capacity) {}

  WireWriter& out() { return out_; }

  void Span(const model::Span& from);
  void Scope(const model::InstrumentationScope& from);
  void Resource(const model::Resource& from);

 private:
  void Event(const model::SpanEvent& from);
  void Link(const model::SpanLink& from);
  void Status(const model::Span& from);
  void KeyValue(uint32_t field, std::string_view key, const model::AttributeValue& value);
  void StringArray(uint32_t field, std::string_view key, const std::vector<std::string>& strings);
  // `size_of`: of the AnyValue of an element, which `write` writes without its length.
  template <typename Numbers, typename SizeOf, typename Write>
  void NumberArray(uint32_t field, std::string_view key, const Numbers& numbers, SizeOf size_of, Write write);
  // The start of a KeyValue up to and without the `any_size` bytes of its AnyValue.
  void KeyValueHeader(uint32_t field, std::string_view key, size_t any_size);

  // The text itself or its repaired copy, valid until the next KeyValue or the end of the span.
  std::string_view Valid(std::string_view text) {
    return base::IsValidUtf8(text) ? text : std::string_view(repaired_.emplace_back(base::ToValidUtf8(text)));
  }
  void NonEmptyString(uint32_t field, std::string_view text) {
    if (!text.empty()) {
      out_.BytesField(field, Valid(text));
    }
  }
  void NonZeroVarint(uint32_t field, uint32_t value) {
    if (value != 0) {
      out_.VarintField(field, value);
    }
  }
  void NonZeroFixed32(uint32_t field, uint32_t value) {
    if (value != 0) {
      out_.Fixed32Field(field, value);
    }
  }

  WireWriter out_;
  std::list<std::string> repaired_;             // stable addresses; rarely any
  std::vector<std::string_view> array_values_;  // reused between attributes
};

void MessageWriter::KeyValueHeader(uint32_t field, std::string_view key, size_t any_size) {
  out_.DelimitedHeader(field, DelimitedSize(key.size()) + DelimitedSize(any_size));
  out_.BytesField(key_value::kKey, key);
  out_.DelimitedHeader(key_value::kValue, any_size);
}

void MessageWriter::StringArray(uint32_t field, std::string_view key, const std::vector<std::string>& strings) {
  array_values_.clear();
  size_t array_size = 0;
  for (const std::string& string : strings) {
    const std::string_view text = array_values_.emplace_back(Valid(string));
    array_size += DelimitedSize(DelimitedSize(text.size()));
  }
  KeyValueHeader(field, key, DelimitedSize(array_size));
  out_.DelimitedHeader(any_value::kArray, array_size);
  for (const std::string_view text : array_values_) {
    out_.DelimitedHeader(array_value::kValues, DelimitedSize(text.size()));
    out_.BytesField(any_value::kString, text);
  }
}

template <typename Numbers, typename SizeOf, typename Write>
void MessageWriter::NumberArray(uint32_t field, std::string_view key, const Numbers& numbers, SizeOf size_of,
                                Write write) {
  size_t array_size = 0;
  for (const auto element : numbers) {
    array_size += DelimitedSize(size_of(element));
  }
  KeyValueHeader(field, key, DelimitedSize(array_size));
  out_.DelimitedHeader(any_value::kArray, array_size);
  for (const auto element : numbers) {
    out_.DelimitedHeader(array_value::kValues, size_of(element));
    write(element);
  }
}

// A default (false, 0, "") is written: in a oneof it differs from "no value".
void MessageWriter::KeyValue(uint32_t field, std::string_view key, const model::AttributeValue& value) {
  repaired_.clear();
  if (const auto* string = std::get_if<std::string>(&value)) {
    const std::string_view text = Valid(*string);
    KeyValueHeader(field, key, DelimitedSize(text.size()));
    out_.BytesField(any_value::kString, text);
  } else if (const auto* number = std::get_if<int64_t>(&value)) {
    KeyValueHeader(field, key, 1 + VarintSize(static_cast<uint64_t>(*number)));
    out_.VarintField(any_value::kInt, static_cast<uint64_t>(*number));
  } else if (const auto* boolean = std::get_if<bool>(&value)) {
    KeyValueHeader(field, key, 2);
    out_.VarintField(any_value::kBool, *boolean ? 1 : 0);
  } else if (const auto* real = std::get_if<double>(&value)) {
    KeyValueHeader(field, key, 1 + sizeof(double));
    out_.DoubleField(any_value::kDouble, *real);
  } else if (const auto* strings = std::get_if<std::vector<std::string>>(&value)) {
    StringArray(field, key, *strings);
  } else if (const auto* booleans = std::get_if<std::vector<bool>>(&value)) {
    NumberArray(
        field, key, *booleans, [](bool) { return size_t{2}; },
        [this](bool element) { out_.VarintField(any_value::kBool, element ? 1 : 0); });
  } else if (const auto* numbers = std::get_if<std::vector<int64_t>>(&value)) {
    NumberArray(
        field, key, *numbers, [](int64_t element) { return 1 + VarintSize(static_cast<uint64_t>(element)); },
        [this](int64_t element) { out_.VarintField(any_value::kInt, static_cast<uint64_t>(element)); });
  } else if (const auto* reals = std::get_if<std::vector<double>>(&value)) {
    NumberArray(
        field, key, *reals, [](double) { return 1 + sizeof(double); },
        [this](double element) { out_.DoubleField(any_value::kDouble, element); });
  }
}

void MessageWriter::Span(const model::Span& from) {
  out_.BytesField(span::kTraceId, AsBytes(from.trace_id));
  out_.BytesField(span::kSpanId, AsBytes(from.span_id));
  NonEmptyString(span::kTraceState, from.trace_state);
  if (!model::IsZero(from.parent_span_id)) {
    out_.BytesField(span::kParentSpanId, AsBytes(from.parent_span_id));
  }
  NonEmptyString(span::kName, from.name);
  out_.VarintField(span::kKind, static_cast<uint64_t>(from.kind));
  out_.Fixed64Field(span::kStart, from.start_unix_ns);
  out_.Fixed64Field(span::kEnd, from.end_unix_ns);
  for (const model::Attribute& attribute : from.attributes) {
    KeyValue(span::kAttributes, attribute.key, attribute.value);
  }
  NonZeroVarint(span::kDroppedAttributes, from.dropped_attributes_count);
  for (const model::SpanEvent& event : from.events) {
    Event(event);
  }
  NonZeroVarint(span::kDroppedEvents, from.dropped_events_count);
  for (const model::SpanLink& link : from.links) {
    Link(link);
  }
  NonZeroVarint(span::kDroppedLinks, from.dropped_links_count);
  Status(from);
  NonZeroFixed32(span::kFlags, from.flags);
  repaired_.clear();
}

void MessageWriter::Event(const model::SpanEvent& from) {
  const size_t mark = out_.BeginMessage(span::kEvents);
  out_.Fixed64Field(event::kTime, from.time_unix_ns);
  NonEmptyString(event::kName, from.name);
  for (const model::Attribute& attribute : from.attributes) {
    KeyValue(event::kAttributes, attribute.key, attribute.value);
  }
  NonZeroVarint(event::kDroppedAttributes, from.dropped_attributes_count);
  out_.EndMessage(mark);
}

void MessageWriter::Link(const model::SpanLink& from) {
  const size_t mark = out_.BeginMessage(span::kLinks);
  out_.BytesField(link::kTraceId, AsBytes(from.trace_id));
  out_.BytesField(link::kSpanId, AsBytes(from.span_id));
  NonEmptyString(link::kTraceState, from.trace_state);
  for (const model::Attribute& attribute : from.attributes) {
    KeyValue(link::kAttributes, attribute.key, attribute.value);
  }
  NonZeroVarint(link::kDroppedAttributes, from.dropped_attributes_count);
  NonZeroFixed32(link::kFlags, from.flags);
  out_.EndMessage(mark);
}

// The description belongs to ERROR only (SPEC section 2.1).
void MessageWriter::Status(const model::Span& from) {
  if (from.status == model::StatusCode::kUnset) {
    return;
  }
  const size_t mark = out_.BeginMessage(span::kStatus);
  if (from.status == model::StatusCode::kError) {
    NonEmptyString(status::kMessage, from.status_message);
  }
  out_.VarintField(status::kCode, static_cast<uint64_t>(from.status));
  out_.EndMessage(mark);
}

void MessageWriter::Scope(const model::InstrumentationScope& from) {
  const size_t mark = out_.BeginMessage(scope_spans::kScope);
  NonEmptyString(scope::kName, from.name);
  NonEmptyString(scope::kVersion, from.version);
  out_.EndMessage(mark);
  NonEmptyString(scope_spans::kSchemaUrl, from.schema_url);
}

void MessageWriter::Resource(const model::Resource& from) {
  const size_t mark = out_.BeginMessage(resource_spans::kResource);
  for (const model::ResourceAttribute& attribute : from.attributes) {
    const std::string key = base::IsValidUtf8(attribute.key) ? attribute.key : base::ToValidUtf8(attribute.key);
    KeyValue(resource::kAttributes, key, attribute.value);
  }
  out_.EndMessage(mark);
  NonEmptyString(resource_spans::kSchemaUrl, from.schema_url);
  repaired_.clear();
}

}  // namespace

// The fields of ResourceSpans that describe the resource, encoded once per resource and not once per request.
// Entries of resources that are gone are swept when the cache has doubled, so it stays within twice the live ones.
class OtlpEncoder::ResourceCache {
 public:
  std::string_view Get(const model::ResourcePtr& resource) {
    Entry& entry = entries_[resource.get()];
    // The address alone may be that of a dead resource: the owner must be the same too.
    const bool same_owner = !entry.resource.owner_before(resource) && !resource.owner_before(entry.resource);
    if (!same_owner) {
      MessageWriter writer(256);
      writer.Resource(*resource);
      entry = {resource, std::move(writer.out()).Release()};
    }
    return entry.encoded.view();
  }

  // Not while a view from Get is in use.
  void Sweep() {
    if (entries_.size() < sweep_at_) {
      return;
    }
    absl::erase_if(entries_, [](const auto& entry) { return entry.second.resource.expired(); });
    sweep_at_ = std::max(kMinimum, 2 * entries_.size());
  }

 private:
  static constexpr size_t kMinimum = 64;

  struct Entry {
    std::weak_ptr<const model::Resource> resource;
    WireBuffer encoded;
  };

  absl::flat_hash_map<const model::Resource*, Entry> entries_;
  size_t sweep_at_ = kMinimum;
};

namespace {

// One request under construction: opens and closes the envelopes, takes back a span that does not fit.
class RequestBuilder {
 public:
  RequestBuilder(size_t capacity, size_t max_bytes) : writer_(capacity), max_bytes_(max_bytes) {}

  // Adds `from`, or leaves the request as it was and returns false when it would grow beyond the limit.
  // `encoded_resource(resource)` gives the cached fields.
  template <typename EncodedResource>
  bool Add(const model::Span& from, EncodedResource&& encoded_resource) {
    WireWriter& out = writer_.out();
    const State before = state_;
    const size_t size_before = out.size();
    if (before.span_count == 0 || from.resource.get() != before.resource) {
      CloseResource();
      state_.resource = from.resource.get();
      state_.resource_mark = out.BeginMessage(request::kResourceSpans);
      if (from.resource != nullptr) {
        out.Raw(encoded_resource(from.resource));
      }
      OpenScope(from.scope);
    } else if (from.scope != before.scope) {
      out.EndMessage(state_.scope_mark);
      OpenScope(from.scope);
    }
    const size_t span_mark = out.BeginMessage(scope_spans::kSpans);
    writer_.Span(from);
    out.EndMessage(span_mark);
    ++state_.span_count;
    if (out.size() <= max_bytes_) {
      return true;
    }
    // Lengths written for envelopes closed meanwhile are written again when they are closed for good.
    out.Truncate(size_before);
    state_ = before;
    return false;
  }

  size_t span_count() const { return state_.span_count; }

  EncodedRequest Finish() && {
    CloseResource();
    return {std::move(writer_.out()).Release(), state_.span_count};
  }

 private:
  struct State {
    const model::Resource* resource = nullptr;
    const model::InstrumentationScope* scope = nullptr;
    size_t resource_mark = 0;
    size_t scope_mark = 0;
    size_t span_count = 0;
  };

  void OpenScope(const model::InstrumentationScope* scope) {
    state_.scope = scope;
    state_.scope_mark = writer_.out().BeginMessage(resource_spans::kScopeSpans);
    if (scope != nullptr) {
      writer_.Scope(*scope);
    }
  }

  void CloseResource() {
    if (state_.span_count > 0) {
      writer_.out().EndMessage(state_.scope_mark);
      writer_.out().EndMessage(state_.resource_mark);
    }
  }

  MessageWriter writer_;
  const size_t max_bytes_;
  State state_;
};

}  // namespace

OtlpEncoder::OtlpEncoder(size_t max_request_bytes)
    : max_request_bytes_(std::min(max_request_bytes, WireWriter::kMaxMessageBytes)),
      resources_(std::make_unique<ResourceCache>()) {}

OtlpEncoder::~OtlpEncoder() = default;

EncodedBatch OtlpEncoder::Encode(std::span<const model::Span> spans) {
  EncodedBatch batch;
  const auto encoded_resource = [this](const model::ResourcePtr& resource) { return resources_->Get(resource); };
  const auto start_request = [this] {
    return std::make_unique<RequestBuilder>(expected_bytes_ + expected_bytes_ / 8, max_request_bytes_);
  };
  const auto finish_request = [this, &batch](RequestBuilder& builder) {
    EncodedRequest& request = batch.requests.emplace_back(std::move(builder).Finish());
    // Follows growth at once and forgets one large request slowly.
    expected_bytes_ = std::max(request.body.size, expected_bytes_ - expected_bytes_ / 8);
  };
  std::unique_ptr<RequestBuilder> builder = start_request();
  for (const uint32_t index : GroupedOrder(spans)) {
    const model::Span& span = spans[index];
    bool added = builder->Add(span, encoded_resource);
    if (!added && builder->span_count() > 0) {
      finish_request(*builder);
      builder = start_request();
      added = builder->Add(span, encoded_resource);
    }
    if (!added) {
      ++batch.oversized_span_count;
    }
  }
  if (builder->span_count() > 0) {
    finish_request(*builder);
  }
  resources_->Sweep();
  return batch;
}

}  // namespace nodespan::otlp
