// SPDX-License-Identifier: Apache-2.0
#include "otlp/test_arena_encoder.h"

#include <string>
#include <variant>

#include "google/protobuf/arena.h"
#include "proto/otlp_trace_service.pb.h"

namespace nodespan::otlp::testing {
namespace {

namespace common = opentelemetry::proto::common::v1;
namespace trace = opentelemetry::proto::trace::v1;
using opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;

constexpr size_t kFirstBlockBytes = size_t{1} << 20;

void SetValue(const model::AttributeValue& from, common::AnyValue* to) {
  if (const auto* string = std::get_if<std::string>(&from)) {
    to->set_string_value(*string);
  } else if (const auto* number = std::get_if<int64_t>(&from)) {
    to->set_int_value(*number);
  }
}

template <typename Attributes, typename KeyValues>
void SetAttributes(const Attributes& from, KeyValues* to) {
  for (const auto& attribute : from) {
    common::KeyValue* key_value = to->Add();
    key_value->set_key(std::string(attribute.key));
    SetValue(attribute.value, key_value->mutable_value());
  }
}

google::protobuf::ArenaOptions Options() {
  google::protobuf::ArenaOptions options;
  options.start_block_size = kFirstBlockBytes;
  return options;
}

}  // namespace

struct ArenaEncoder::Impl {
  google::protobuf::Arena arena{Options()};
};

ArenaEncoder::ArenaEncoder() : impl_(std::make_unique<Impl>()) {}

ArenaEncoder::~ArenaEncoder() = default;

WireBuffer ArenaEncoder::Encode(std::span<const model::Span> spans) {
  auto* request = google::protobuf::Arena::CreateMessage<ExportTraceServiceRequest>(&impl_->arena);
  trace::ResourceSpans* resource_spans = request->add_resource_spans();
  SetAttributes(spans[0].resource->attributes, resource_spans->mutable_resource()->mutable_attributes());
  trace::ScopeSpans* scope_spans = resource_spans->add_scope_spans();
  scope_spans->mutable_scope()->set_name(std::string(spans[0].scope->name));
  for (const model::Span& from : spans) {
    trace::Span* span = scope_spans->add_spans();
    span->set_trace_id(from.trace_id.data(), from.trace_id.size());
    span->set_span_id(from.span_id.data(), from.span_id.size());
    span->set_name(from.name);
    span->set_kind(static_cast<trace::Span::SpanKind>(from.kind));
    span->set_start_time_unix_nano(from.start_unix_ns);
    span->set_end_time_unix_nano(from.end_unix_ns);
    span->set_flags(from.flags);
    SetAttributes(from.attributes, span->mutable_attributes());
  }
  WireBuffer buffer;
  buffer.size = request->ByteSizeLong();
  buffer.data = std::make_unique_for_overwrite<uint8_t[]>(buffer.size);
  request->SerializeWithCachedSizesToArray(buffer.data.get());
  impl_->arena.Reset();
  return buffer;
}

}  // namespace nodespan::otlp::testing
