// SPDX-License-Identifier: Apache-2.0
// Exports for a minute at a rate that few nodes have: to a collector that keeps up, and to one that takes a tenth.
// Spans are counted to the last one, and memory is watched. NODESPAN_SOAK_SECONDS changes how long each of the two
// lasts.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "export/batch_processor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "otlp/grpc_client.h"
#include "otlp/otlp_exporter.h"
#include "otlp/test_spans.h"
#include "tests/fakes/receiver_process.h"

namespace nodespan {
namespace {

using metrics::Counter;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

constexpr size_t kSpansPerSecond = 50'000;
constexpr absl::Duration kTick = absl::Milliseconds(10);  // of the ring's reader
constexpr size_t kSpansPerTick = kSpansPerSecond / 100;
constexpr size_t kBatch = 512;
// One second of spans: what a busy machine may take to go on.
constexpr size_t kQueue = kSpansPerSecond;
// What memory may differ by between two moments of the same load, in MB.
constexpr double kFlatMb = 8;

// Four requests in flight every 400 ms are 5,120 spans a second, a tenth of what is offered.
const testing::ReceiverProcess fast_receiver{std::chrono::milliseconds(0)};
const testing::ReceiverProcess slow_receiver{std::chrono::milliseconds(400)};

absl::Duration HowLong() {
  const char* text = std::getenv("NODESPAN_SOAK_SECONDS");
  int seconds = 60;
  if (text != nullptr && (!absl::SimpleAtoi(text, &seconds) || seconds < 5)) {
    ADD_FAILURE() << "NODESPAN_SOAK_SECONDS is a whole number from 5 on, not " << text;
  }
  return absl::Seconds(seconds);
}

double ResidentMb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) {
      return std::strtod(line.c_str() + sizeof("VmRSS:"), nullptr) / 1024;
    }
  }
  return 0;
}

class ExportSoakTest : public ::testing::Test {
 protected:
  // Offers spans at the rate for as long as the test lasts, sees to it that what is queued gets out, and tells memory.
  void Run(const testing::ReceiverProcess& receiver) {
    std::vector<std::string> warnings;
    otlp::GrpcClientOptions client_options;
    client_options.endpoint = receiver.endpoint();
    std::vector<std::unique_ptr<exporting::SpanExporter>> exporters;
    exporters.push_back(std::make_unique<otlp::OtlpExporter>(
        otlp::OtlpExporterOptions(), *otlp::GrpcClient::Create(client_options, &warnings), &counters_));
    exporting::BatchProcessor processor({.max_queue_size = kQueue, .max_export_batch_size = kBatch},
                                        std::move(exporters), &counters_);
    const std::vector<model::Span> spans =
        otlp::testing::MakeHttpSpans(kSpansPerTick, otlp::testing::MakeResource("shop"));
    const absl::Duration length = HowLong();
    const absl::Time start = absl::Now();
    for (absl::Time tick = start; tick < start + length; tick += kTick) {
      absl::SleepFor(tick - absl::Now());
      processor.Add(spans);
      made_ += spans.size();
      // After a fifth of the time everything has the size that it keeps.
      if (tick < start + length / 5) {
        settled_mb_ = ResidentMb();
      }
      peak_mb_ = std::max(peak_mb_, ResidentMb());
    }
    end_mb_ = ResidentMb();
    processor.Shutdown(absl::Now() + absl::Minutes(1));
    absl::SleepFor(absl::Milliseconds(100));  // the receiver tells its count every 20 ms
    RecordProperty("made", std::to_string(made_));
    RecordProperty("exported", std::to_string(Count(Counter::kSpansExported)));
    std::printf("made %zu, exported %zu, queue full %zu; MB resident: settled %.1f, end %.1f, peak %.1f\n", made_,
                Count(Counter::kSpansExported), Count(Counter::kSpansDroppedQueueFull), settled_mb_, end_mb_, peak_mb_);
  }

  size_t Count(Counter counter) const { return counters_.Get(counter); }

  metrics::Counters counters_;
  size_t made_ = 0;
  double settled_mb_ = 0;
  double end_mb_ = 0;
  double peak_mb_ = 0;
};

TEST_F(ExportSoakTest, CollectorThatKeepsUpGetsEverySpanInFlatMemory) {
  Run(fast_receiver);
  EXPECT_EQ(Count(Counter::kSpansExported), made_);
  EXPECT_EQ(fast_receiver.accepted_spans(), made_);
  EXPECT_THAT(end_mb_ - settled_mb_, Le(kFlatMb));
}

TEST_F(ExportSoakTest, TenTimesWhatTheCollectorTakesIsCountedInBoundedMemory) {
  Run(slow_receiver);
  EXPECT_THAT(Count(Counter::kSpansDroppedQueueFull), AllOf(Ge(made_ / 2), Le(made_)));
  EXPECT_EQ(Count(Counter::kSpansExported) + Count(Counter::kSpansDroppedQueueFull), made_);
  EXPECT_EQ(slow_receiver.accepted_spans(), Count(Counter::kSpansExported));
  EXPECT_THAT(end_mb_ - settled_mb_, Le(kFlatMb));
  EXPECT_THAT(peak_mb_, Le(120)) << "50,000 queued spans of about 800 bytes, and the process";
}

}  // namespace
}  // namespace nodespan
