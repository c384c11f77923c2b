// SPDX-License-Identifier: Apache-2.0
// What tests of exports share, whatever the client speaks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "metrics/counters.h"
#include "otlp/otlp_exporter.h"
#include "otlp/test_spans.h"

namespace nodespan::otlp::testing {

// Waits until nothing is under way any more.
inline void Finish(OtlpExporter& exporter) {
  while (exporter.IsBusy()) {
    exporter.Wait(absl::InfiniteFuture());
  }
}

// Spans that came to an end, whichever.
inline uint64_t EndedSpans(const metrics::Counters& counters) {
  using metrics::Counter;
  uint64_t count = 0;
  for (const Counter counter : {Counter::kSpansExported, Counter::kSpansRejected, Counter::kSpansDroppedExport,
                                Counter::kSpansDroppedShutdown, Counter::kSpansDroppedQueueFull}) {
    count += counters.Get(counter);
  }
  return count;
}

// Exports of made-up spans that are tried again after 10 ms.
class DeliveryTest : public ::testing::Test {
 protected:
  DeliveryTest() {
    options_.retry = {.initial_interval = absl::Milliseconds(10), .max_interval = absl::Milliseconds(50)};
  }

  // Null with a failed expectation when the client could not be made.
  std::unique_ptr<OtlpExporter> Wrap(absl::StatusOr<std::unique_ptr<OtlpClient>> client) {
    EXPECT_TRUE(client.ok()) << client.status();
    return client.ok() ? std::make_unique<OtlpExporter>(options_, *std::move(client), &counters_) : nullptr;
  }

  void Begin(OtlpExporter& exporter, size_t count = 2, absl::Duration time = absl::Seconds(20)) {
    made_ += count;
    exporter.Export(MakeHttpSpans(count, resource_), absl::Now() + time);
  }

  void Export(OtlpExporter& exporter, size_t count = 2, absl::Duration time = absl::Seconds(20)) {
    Begin(exporter, count, time);
    Finish(exporter);
  }

  uint64_t Count(metrics::Counter counter) const { return counters_.Get(counter); }

  void ExpectEverySpanCounted() const { EXPECT_EQ(EndedSpans(counters_), made_); }

  OtlpExporterOptions options_;
  metrics::Counters counters_;
  std::vector<std::string> warnings_;
  const model::ResourcePtr resource_ = MakeResource("shop");
  size_t made_ = 0;
};

}  // namespace nodespan::otlp::testing
