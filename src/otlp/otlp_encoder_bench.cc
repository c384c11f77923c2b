// SPDX-License-Identifier: Apache-2.0
// What encoding costs: the direct encoder against protobuf objects on an arena, on the same spans.
//
// Run alone on an idle core: otlp_bench --benchmark_filter=Encode. items_per_second are spans.
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "google/protobuf/arena.h"
#include "otlp/otlp_encoder.h"
#include "otlp/otlp_json.h"
#include "otlp/test_spans.h"
#include "proto/otlp_trace_service.pb.h"

namespace nodespan::otlp {
namespace {

namespace common = opentelemetry::proto::common::v1;
namespace trace = opentelemetry::proto::trace::v1;
using opentelemetry::proto::collector::trace::v1::ExportTraceServiceRequest;

// `count` HTTP spans of `resource_count` processes, interleaved as they arrive.
std::vector<model::Span> MakeSpans(int64_t count, int64_t resource_count) {
  std::vector<model::ResourcePtr> resources;
  for (int64_t i = 0; i < resource_count; ++i) {
    resources.push_back(testing::MakeResource("service-" + std::to_string(i)));
  }
  std::vector<model::Span> spans;
  for (int64_t i = 0; i < count; ++i) {
    spans.push_back(
        testing::MakeHttpSpan(resources[static_cast<size_t>(i % resource_count)], static_cast<uint64_t>(i)));
  }
  return spans;
}

void BM_EncodeDirect(benchmark::State& state) {
  const std::vector<model::Span> spans = MakeSpans(state.range(0), state.range(1));
  OtlpEncoder encoder;
  size_t bytes = 0;
  for (auto _ : state) {
    const EncodedBatch batch = encoder.Encode(spans);
    bytes = batch.requests.front().body.size;
    benchmark::DoNotOptimize(batch.requests.front().body.data.get());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["bytes/span"] = static_cast<double>(bytes) / static_cast<double>(state.range(0));
}
BENCHMARK(BM_EncodeDirect)->Args({512, 1})->Args({512, 50});

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

// One resource and scope only: the grouping would be the same work as the direct encoder's.
void BM_EncodeArenaObjects(benchmark::State& state) {
  const std::vector<model::Span> spans = MakeSpans(state.range(0), 1);
  google::protobuf::ArenaOptions options;
  options.start_block_size = 1 << 20;
  google::protobuf::Arena arena(options);
  for (auto _ : state) {
    auto* request = google::protobuf::Arena::CreateMessage<ExportTraceServiceRequest>(&arena);
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
    const std::string bytes = request->SerializeAsString();
    benchmark::DoNotOptimize(bytes.data());
    arena.Reset();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_EncodeArenaObjects)->Arg(512);

void BM_EncodeJson(benchmark::State& state) {
  const std::vector<model::Span> spans = MakeSpans(state.range(0), 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(ToOtlpJson(spans));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_EncodeJson)->Arg(512);

}  // namespace
}  // namespace nodespan::otlp
