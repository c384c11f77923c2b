// SPDX-License-Identifier: Apache-2.0
// What encoding costs: the direct encoder against protobuf objects on an arena, on the same spans.
//
// Run alone on an idle core: otlp_bench --benchmark_filter=Encode. items_per_second are spans.
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "otlp/otlp_encoder.h"
#include "otlp/otlp_json.h"
#include "otlp/test_arena_encoder.h"
#include "otlp/test_spans.h"

namespace nodespan::otlp {
namespace {

// `count` HTTP spans of `resource_count` processes, interleaved as they arrive.
std::vector<model::Span> MakeSpans(int64_t count, int64_t resource_count) {
  std::vector<model::ResourcePtr> resources;
  for (int64_t i = 0; i < resource_count; ++i) {
    resources.push_back(testing::MakeResource("service-" + std::to_string(i)));
  }
  std::vector<model::Span> spans;
  for (int64_t i = 0; i < count; ++i) {
    const model::ResourcePtr& resource = resources[static_cast<size_t>(i % resource_count)];
    spans.push_back(testing::MakeHttpSpan(resource, static_cast<uint64_t>(i)));
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

// One resource and scope only.
void BM_EncodeArenaObjects(benchmark::State& state) {
  const std::vector<model::Span> spans = MakeSpans(state.range(0), 1);
  testing::ArenaEncoder encoder;
  for (auto _ : state) {
    const WireBuffer bytes = encoder.Encode(spans);
    benchmark::DoNotOptimize(bytes.data.get());
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
