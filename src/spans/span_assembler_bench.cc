// SPDX-License-Identifier: Apache-2.0
// Cost of one record from ring bytes to finished span, in time and in heap allocations.
#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>

#include "benchmark/benchmark.h"
#include "events/record_builder.h"
#include "spans/span_assembler.h"

namespace {

// Counted here and nowhere else: this is the only program that replaces operator new.
std::atomic<uint64_t> allocations{0};

}  // namespace

// Not inlined: GCC would see malloc() and free() in places and warn about pairs that do not match.
#define NODESPAN_NOINLINE __attribute__((noinline))
NODESPAN_NOINLINE void* operator new(size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) {
    return memory;
  }
  throw std::bad_alloc();
}
NODESPAN_NOINLINE void operator delete(void* memory) noexcept { std::free(memory); }
NODESPAN_NOINLINE void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace nodespan::spans {
namespace {

// About what one drain of the ring (every 10 ms) brings at some thousand requests per second.
constexpr size_t kBatch = 32;

void Run(benchmark::State& state, const std::vector<std::byte>& record, model::SemconvMode mode) {
  metrics::Counters counters;
  TargetDirectory directory(&base::Clock::Real());
  model::SpanOptions options;
  options.semconv.http = mode;
  directory.Add({3, 7}, {std::make_shared<const model::Resource>(), options});
  SpanAssembler assembler(&directory, &base::Clock::Real(), &counters);
  std::vector<model::Span> spans;
  spans.reserve(kBatch);
  const uint64_t allocations_before = allocations.load();
  for (auto _ : state) {
    spans.clear();
    assembler.BeginBatch();
    for (size_t i = 0; i < kBatch; ++i) {
      if (!assembler.Assemble(record, spans).ok()) {
        state.SkipWithError("record refused");
        return;
      }
    }
    benchmark::DoNotOptimize(spans.data());
  }
  const auto assembled = static_cast<double>(state.iterations() * kBatch);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kBatch));
  state.counters["allocs/span"] = static_cast<double>(allocations.load() - allocations_before) / assembled;
  state.counters["ns/span"] =
      benchmark::Counter(assembled / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

std::vector<std::byte> ShortRecord() { return events::testing::HttpServerRecordBuilder().Bytes(); }

// What a service behind an ingress gets.
std::vector<std::byte> LongRecord() {
  events::testing::HttpServerRecordBuilder record;
  record.fixed.header.parent_span_id[0] = 1;
  record.fixed.header.flags = NS_SPAN_REMOTE_PARENT;
  record.Set(NS_HTTP_URI, "/api/v1/customers/4711/orders?expand=items&sort=-created_at&page=3&sig=c2VjcmV0");
  record.Set(NS_HTTP_PATTERN, "GET /api/v1/customers/{customer}/orders");
  record.Set(NS_HTTP_HOST, "orders.shop.svc.cluster.local:8080");
  record.Set(NS_HTTP_USER_AGENT,
             "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36");
  record.Set(NS_HTTP_FORWARDED, "for=\"[2001:db8:cafe::17]:4711\";host=shop.example;proto=https, for=10.1.2.3");
  record.Set(NS_HTTP_X_FORWARDED_FOR, "2001:db8:cafe::17, 10.1.2.3");
  record.Set(NS_HTTP_X_FORWARDED_PROTO, "https");
  record.Set(NS_HTTP_TRACESTATE, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,ot=th:8");
  return record.Bytes();
}

void BM_AssembleShort(benchmark::State& state) { Run(state, ShortRecord(), model::SemconvMode::kNew); }
void BM_AssembleLong(benchmark::State& state) { Run(state, LongRecord(), model::SemconvMode::kNew); }
void BM_AssembleLongBothNames(benchmark::State& state) { Run(state, LongRecord(), model::SemconvMode::kDup); }
BENCHMARK(BM_AssembleShort);
BENCHMARK(BM_AssembleLong);
BENCHMARK(BM_AssembleLongBothNames);

}  // namespace
}  // namespace nodespan::spans

BENCHMARK_MAIN();
