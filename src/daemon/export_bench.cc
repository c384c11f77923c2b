// SPDX-License-Identifier: Apache-2.0
// What a span costs from its ring record until it is on the wire: record -> span -> OTLP bytes -> client -> kernel, and
// the same with protobuf objects on an arena in place of the direct encoder. tools/bench export runs it.
//
// cpu_ns/span is the CPU of all threads of the process, kernel time included; the receiver runs in a process of its
// own. spans/s/core follows from it. rss_mb is the resident memory after the run, anon_mb the part of it that no file
// backs.
#include <sys/resource.h>

#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "events/record_builder.h"
#include "otlp/grpc_client.h"
#include "otlp/otlp_encoder.h"
#include "otlp/test_arena_encoder.h"
#include "otlp/test_spans.h"
#include "spans/span_assembler.h"
#include "tests/fakes/receiver_process.h"

namespace nodespan::daemon {
namespace {

constexpr size_t kBatch = 512;
// About what one drain of the ring brings.
constexpr size_t kDrain = 32;

const testing::ReceiverProcess receiver{std::chrono::milliseconds(0)};

double ProcessCpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A line such as "VmRSS:     1234 kB" of /proc/self/status.
double MemoryMb(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name) && line[name.size()] == ':') {
      return std::strtod(line.c_str() + name.size() + 1, nullptr) / 1024;
    }
  }
  return 0;
}

// A request to a service, as the ring brings it.
std::vector<std::byte> Record() {
  events::testing::HttpServerRecordBuilder record;
  record.Set(NS_HTTP_URI, "/api/v1/customers/4711/orders?page=3");
  record.Set(NS_HTTP_PATTERN, "GET /api/v1/customers/{customer}/orders");
  record.Set(NS_HTTP_HOST, "orders.shop.svc.cluster.local:8080");
  record.Set(NS_HTTP_USER_AGENT, "Go-http-client/1.1");
  return record.Bytes();
}

// Makes a batch of spans from records.
class Assembly {
 public:
  Assembly() : directory_(&base::Clock::Real()), assembler_(&directory_, &base::Clock::Real(), &counters_) {
    directory_.Add({3, 7}, {otlp::testing::MakeResource("shop")});
  }

  // False: a record was refused.
  bool Make(std::vector<model::Span>& spans) {
    spans.clear();
    for (size_t i = 0; i < kBatch; ++i) {
      if (i % kDrain == 0) {
        assembler_.BeginBatch();
      }
      if (!assembler_.Assemble(record_, spans).ok()) {
        return false;
      }
    }
    return true;
  }

 private:
  const std::vector<std::byte> record_ = Record();
  metrics::Counters counters_;
  spans::TargetDirectory directory_;
  spans::SpanAssembler assembler_;
};

bool Send(otlp::OtlpClient& client, otlp::WireBuffer body) {
  client.Start(1, std::make_shared<const otlp::WireBuffer>(std::move(body)), absl::InfiniteFuture());
  while (true) {
    if (const std::optional<otlp::EndedCall> ended = client.Wait(absl::InfiniteFuture())) {
      return ended->result.status.ok();
    }
  }
}

// Runs `deliver(spans)` on batch after batch and reports.
template <typename Deliver>
void Run(benchmark::State& state, Deliver&& deliver) {
  Assembly assembly;
  std::vector<model::Span> spans;
  if (!assembly.Make(spans) || !deliver(spans)) {  // connects
    state.SkipWithError("a batch was refused");
  }
  const double cpu_before = ProcessCpuSeconds();
  for (auto _ : state) {
    if (!assembly.Make(spans) || !deliver(spans)) {
      state.SkipWithError("a batch was refused");
    }
  }
  const auto count = static_cast<double>(state.iterations()) * kBatch;
  const double cpu_per_span = (ProcessCpuSeconds() - cpu_before) / count;
  state.counters["cpu_ns/span"] = cpu_per_span * 1e9;
  state.counters["spans/s/core"] = 1 / cpu_per_span;
  state.counters["rss_mb"] = MemoryMb("VmRSS");
  state.counters["anon_mb"] = MemoryMb("RssAnon");
}

void BM_RecordToSpan(benchmark::State& state) {
  Run(state, [](const std::vector<model::Span>& spans) {
    benchmark::DoNotOptimize(spans.data());
    return true;
  });
}
BENCHMARK(BM_RecordToSpan)->UseRealTime();

void BM_RecordToBytes(benchmark::State& state) {
  otlp::OtlpEncoder encoder;
  Run(state, [&encoder](const std::vector<model::Span>& spans) { return encoder.Encode(spans).requests.size() == 1; });
}
BENCHMARK(BM_RecordToBytes)->UseRealTime();

void BM_RecordToBytesArena(benchmark::State& state) {
  otlp::testing::ArenaEncoder encoder;
  Run(state, [&encoder](const std::vector<model::Span>& spans) { return encoder.Encode(spans).size > 0; });
}
BENCHMARK(BM_RecordToBytesArena)->UseRealTime();

std::unique_ptr<otlp::OtlpClient> MakeClient(bool gzip) {
  std::vector<std::string> warnings;
  otlp::GrpcClientOptions options;
  options.endpoint = receiver.endpoint();
  options.gzip = gzip;
  return *otlp::GrpcClient::Create(options, &warnings);
}

void BM_RecordToWire(benchmark::State& state, bool gzip) {
  const auto client = MakeClient(gzip);
  otlp::OtlpEncoder encoder;
  Run(state, [&](const std::vector<model::Span>& spans) {
    otlp::EncodedBatch batch = encoder.Encode(spans);
    return batch.requests.size() == 1 && Send(*client, std::move(batch.requests[0].body));
  });
}
BENCHMARK_CAPTURE(BM_RecordToWire, plain, false)->UseRealTime();
BENCHMARK_CAPTURE(BM_RecordToWire, gzip, true)->UseRealTime();

void BM_RecordToWireArena(benchmark::State& state) {
  const auto client = MakeClient(/*gzip=*/false);
  otlp::testing::ArenaEncoder encoder;
  Run(state, [&](const std::vector<model::Span>& spans) { return Send(*client, encoder.Encode(spans)); });
}
BENCHMARK(BM_RecordToWireArena)->UseRealTime();

}  // namespace
}  // namespace nodespan::daemon

BENCHMARK_MAIN();
