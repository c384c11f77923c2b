// SPDX-License-Identifier: Apache-2.0
// What an export costs this side of the wire: encoder, gRPC, kernel. The receiver runs in a child process, so the CPU
// of the parent is the exporter's alone.
#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "benchmark/benchmark.h"
#include "export/batch_processor.h"
#include "otlp/grpc_client.h"
#include "otlp/otlp_exporter.h"
#include "otlp/test_spans.h"
#include "tests/fakes/receiver_process.h"

namespace nodespan::otlp {
namespace {

const nodespan::testing::ReceiverProcess receiver{std::chrono::milliseconds(0)};
const nodespan::testing::ReceiverProcess slow_receiver{std::chrono::milliseconds(100)};

double ProcessCpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The counter cpu_ns/span is the CPU of all threads of the process, kernel time included.
void BM_Export(benchmark::State& state) {
  metrics::Counters counters;
  std::vector<std::string> warnings;
  GrpcClientOptions client_options;
  client_options.endpoint = receiver.endpoint();
  client_options.gzip = state.range(1) != 0;
  OtlpExporter exporter(OtlpExporterOptions(), *GrpcClient::Create(client_options, &warnings), &counters);
  const auto deliver = [&exporter](std::vector<model::Span> batch) {
    exporter.Export(std::move(batch), absl::InfiniteFuture());
    while (exporter.IsBusy()) {
      exporter.Wait(absl::InfiniteFuture());
    }
  };
  const std::vector<model::Span> spans =
      testing::MakeHttpSpans(static_cast<size_t>(state.range(0)), testing::MakeResource("shop"));
  deliver(spans);  // connects
  const double cpu_before = ProcessCpuSeconds();
  double copy_seconds = 0;  // making the batch is not the exporter's work
  for (auto _ : state) {
    const double copy_start = ProcessCpuSeconds();
    std::vector<model::Span> batch = spans;
    copy_seconds += ProcessCpuSeconds() - copy_start;
    deliver(std::move(batch));
  }
  const double cpu = ProcessCpuSeconds() - cpu_before - copy_seconds;
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["cpu_ns/span"] = cpu * 1e9 / static_cast<double>(state.iterations() * state.range(0));
  if (counters.Get(metrics::Counter::kSpansExported) !=
      static_cast<uint64_t>((state.iterations() + 1) * state.range(0))) {
    state.SkipWithError("spans were lost");
  }
}
BENCHMARK(BM_Export)->Args({64, 0})->Args({512, 0})->Args({2048, 0})->Args({512, 1})->UseRealTime();

// Spans per second to a collector that answers after 100 ms, in batches of the default size, by requests in flight.
void BM_ExportToASlowCollector(benchmark::State& state) {
  constexpr size_t kBatch = 512;
  constexpr size_t kQueue = 8 * kBatch;
  constexpr size_t kBatches = 32;
  metrics::Counters counters;
  std::vector<std::string> warnings;
  GrpcClientOptions client_options;
  client_options.endpoint = slow_receiver.endpoint();
  OtlpExporterOptions options;
  options.max_in_flight = static_cast<size_t>(state.range(0));
  const std::vector<model::Span> spans = testing::MakeHttpSpans(kBatch, testing::MakeResource("shop"));
  for (auto _ : state) {
    std::vector<std::unique_ptr<exporting::SpanExporter>> exporters;
    exporters.push_back(
        std::make_unique<OtlpExporter>(options, *GrpcClient::Create(client_options, &warnings), &counters));
    exporting::BatchProcessor processor({.max_queue_size = kQueue, .max_export_batch_size = kBatch},
                                        std::move(exporters), &counters);
    for (size_t i = 0; i < kBatches; ++i) {
      while (processor.queued_spans() + kBatch > kQueue) {
        absl::SleepFor(absl::Milliseconds(1));
      }
      processor.Add(spans);
    }
    processor.Shutdown(absl::InfiniteFuture());
  }
  const auto spans_sent = static_cast<int64_t>(kBatches * kBatch) * state.iterations();
  state.SetItemsProcessed(spans_sent);
  if (counters.Get(metrics::Counter::kSpansExported) != static_cast<uint64_t>(spans_sent)) {
    state.SkipWithError("spans were lost");
  }
}
BENCHMARK(BM_ExportToASlowCollector)->Arg(1)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace nodespan::otlp

BENCHMARK_MAIN();
