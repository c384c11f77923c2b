// SPDX-License-Identifier: Apache-2.0
// What the exporter does in the course of time: several requests on their way, retries, absences; in simulated time.
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "otlp/delivery_test_base.h"
#include "otlp/otlp_exporter.h"
#include "otlp/simulated_collector.h"
#include "otlp/test_spans.h"

namespace nodespan::otlp {
namespace {

using metrics::Counter;
using ::testing::AllOf;
using testing::Away;
using testing::Error;
using ::testing::Ge;
using ::testing::Le;
using testing::MakeHttpSpans;
using testing::MakeResource;
using testing::SimulatedClock;
using testing::SimulatedCollector;

constexpr absl::Duration kExportTimeout = absl::Seconds(30);
constexpr size_t kBatch = 10;

SimulatedCollector::Answer Accept(absl::Duration after) { return {after, CallResult()}; }

class OtlpExporterTimeTest : public ::testing::Test {
 protected:
  OtlpExporterTimeTest() {
    options_.jitter = [this] { return std::uniform_real_distribution<double>()(jitter_); };
  }

  void Create(SimulatedCollector::Behaviour behaviour) {
    auto collector = std::make_unique<SimulatedCollector>(&clock_, std::move(behaviour));
    collector_ = collector.get();
    exporter_ = std::make_unique<OtlpExporter>(options_, std::move(collector), &counters_, clock_);
  }

  void Export(size_t count = kBatch) {
    made_ += count;
    exporter_->Export(MakeHttpSpans(count, resource_), clock_.now() + kExportTimeout);
  }

  void Finish() { testing::Finish(*exporter_); }

  // A batch every five seconds until `end`, as the BatchProcessor gives them to a collector that comes and goes; what
  // is under way then is waited for. The queue behind what is held has room for `queue_batches`.
  void RunUntil(absl::Time end, size_t queue_batches) {
    size_t queued = 0;
    for (absl::Time tick = clock_.now(); tick < end; tick += absl::Seconds(5)) {
      while (exporter_->IsBusy() && clock_.now() < tick) {
        exporter_->Wait(tick);
      }
      clock_.AdvanceTo(tick);
      ++queued;
      if (queued > queue_batches) {
        --queued;
        made_ += kBatch;  // the oldest of the queue makes room
        counters_.Add(Counter::kSpansDroppedQueueFull, kBatch);
      }
      if (!exporter_->IsBusy() && exporter_->held_spans() > 0) {
        if (queued == queue_batches) {
          exporter_->DropHeld(Counter::kSpansDroppedQueueFull);
        } else {
          exporter_->Retry(tick + kExportTimeout);
        }
      }
      for (; queued > 0 && exporter_->CanTake(); --queued) {
        Export();
      }
    }
    Finish();
    made_ += queued * kBatch;
    counters_.Add(Counter::kSpansDroppedShutdown, queued * kBatch);
  }

  void ExpectEverySpanCounted() { EXPECT_EQ(testing::EndedSpans(counters_) + exporter_->held_spans(), made_); }

  uint64_t Count(Counter counter) const { return counters_.Get(counter); }

  std::mt19937 jitter_{1};  // NOLINT(cert-msc51-cpp): the same pauses each time
  SimulatedClock clock_;
  metrics::Counters counters_;
  OtlpExporterOptions options_;
  SimulatedCollector* collector_ = nullptr;  // the exporter's
  std::unique_ptr<OtlpExporter> exporter_;
  const model::ResourcePtr resource_ = MakeResource("shop");
  size_t made_ = 0;
};

TEST_F(OtlpExporterTimeTest, SendsSeveralRequestsAtATimeUpToTheBound) {
  Create([](absl::Time) { return Accept(absl::Milliseconds(100)); });
  const absl::Time start = clock_.now();
  for (int i = 0; i < 40; ++i) {
    while (!exporter_->CanTake()) {
      exporter_->Wait(absl::InfiniteFuture());
    }
    Export();
  }
  Finish();
  EXPECT_EQ(clock_.now() - start, absl::Seconds(1)) << "40 requests of 100 ms, four at a time";
  EXPECT_EQ(collector_->most_at_a_time(), 4u);
  EXPECT_EQ(Count(Counter::kSpansExported), made_);
}

TEST_F(OtlpExporterTimeTest, SlowRequestDoesNotHoldUpTheOthers) {
  bool is_first = true;
  Create(
      [&is_first](absl::Time) { return Accept(std::exchange(is_first, false) ? absl::Seconds(9) : absl::Seconds(1)); });
  Export();
  for (int i = 0; i < 3; ++i) {
    Export();
  }
  const absl::Time start = clock_.now();
  while (Count(Counter::kSpansExported) < 3 * kBatch) {
    exporter_->Wait(absl::InfiniteFuture());
  }
  EXPECT_EQ(clock_.now() - start, absl::Seconds(1));
  EXPECT_TRUE(exporter_->IsBusy());
  EXPECT_TRUE(exporter_->CanTake());
  Finish();
  EXPECT_EQ(Count(Counter::kSpansExported), made_);
}

TEST_F(OtlpExporterTimeTest, RequestsOfABatchThatIsSplitKeepToTheBoundToo) {
  options_.max_request_bytes = 2000;
  options_.max_in_flight = 2;
  Create([](absl::Time) { return Accept(absl::Milliseconds(100)); });
  Export(100);
  EXPECT_FALSE(exporter_->CanTake());
  Finish();
  EXPECT_THAT(collector_->started(), Ge(10u));
  EXPECT_EQ(collector_->most_at_a_time(), 2u);
  EXPECT_EQ(Count(Counter::kSpansExported), 100u);
}

TEST_F(OtlpExporterTimeTest, WaitEndsAtItsTimeAndWhenItIsWoken) {
  Create([](absl::Time) { return Accept(absl::Seconds(5)); });
  Export();
  const absl::Time start = clock_.now();
  exporter_->Wait(start + absl::Seconds(1));
  EXPECT_EQ(clock_.now(), start + absl::Seconds(1));
  exporter_->Wake();
  exporter_->Wait(absl::InfiniteFuture());
  EXPECT_EQ(clock_.now(), start + absl::Seconds(1));
  EXPECT_TRUE(exporter_->IsBusy());
}

TEST_F(OtlpExporterTimeTest, PauseOfOneRequestDoesNotHoldUpTheOthers) {
  bool is_first = true;
  Create([&is_first](absl::Time) {
    return std::exchange(is_first, false)
               ? SimulatedCollector::Answer{absl::ZeroDuration(),
                                            Error(absl::StatusCode::kAborted, Failure::kRetryable, absl::Seconds(8))}
               : Accept(absl::Milliseconds(10));
  });
  const absl::Time start = clock_.now();
  Export();
  Export();
  while (Count(Counter::kSpansExported) == 0) {
    exporter_->Wait(absl::InfiniteFuture());
  }
  EXPECT_EQ(clock_.now() - start, absl::Milliseconds(10));
  Finish();
  EXPECT_THAT(clock_.now() - start, Ge(absl::Seconds(8)));
  EXPECT_EQ(Count(Counter::kSpansExported), made_);
  EXPECT_EQ(Count(Counter::kExportRetries), 1u);
}

TEST_F(OtlpExporterTimeTest, TriesOneRequestAtATimeWhileTheCollectorIsAway) {
  bool is_away = true;
  Create([&is_away](absl::Time) {
    return is_away ? SimulatedCollector::Answer{absl::Milliseconds(1), Away()} : Accept(absl::Milliseconds(100));
  });
  for (int i = 0; i < 4; ++i) {
    Export();
  }
  Finish();
  EXPECT_EQ(exporter_->held_spans(), 4 * kBatch);
  EXPECT_FALSE(exporter_->CanTake());
  const size_t before = collector_->started();
  exporter_->Retry(clock_.now() + kExportTimeout);
  EXPECT_EQ(collector_->started(), before + 1);
  is_away = false;
  const absl::Time start = clock_.now();
  Finish();
  EXPECT_EQ(exporter_->held_spans(), 0u);
  EXPECT_EQ(Count(Counter::kSpansExported), made_);
  // A pause of at most seven seconds and a half, one request alone, then all others together.
  EXPECT_THAT(clock_.now() - start, Le(absl::Seconds(7.8)));
  EXPECT_TRUE(exporter_->CanTake());
}

TEST_F(OtlpExporterTimeTest, RequestForWhichNoTimeIsLeftIsHeldAndNotLost) {
  options_.max_in_flight = 1;
  options_.max_request_bytes = 2000;
  options_.timeout = absl::InfiniteDuration();
  Create([](absl::Time) { return Accept(absl::Seconds(9)); });
  Export(50);  // as several requests, of which four begin within the 30 seconds and three end there
  Finish();
  EXPECT_EQ(collector_->started(), 4u);
  EXPECT_THAT(Count(Counter::kSpansDroppedExport), AllOf(Ge(1u), Le(12u))) << "the one that was under way";
  EXPECT_THAT(exporter_->held_spans(), Ge(1u));
  ExpectEverySpanCounted();
  exporter_->Retry(clock_.now() + absl::Hours(1));
  Finish();
  EXPECT_EQ(exporter_->held_spans(), 0u);
  ExpectEverySpanCounted();
}

TEST_F(OtlpExporterTimeTest, TimeoutCountsFromTheFirstTryOfARequest) {
  options_.max_in_flight = 1;
  options_.max_request_bytes = 2000;
  options_.timeout = absl::Seconds(3);
  Create([](absl::Time) { return Accept(absl::Seconds(2)); });
  Export(50);
  Finish();
  EXPECT_THAT(collector_->started(), Ge(5u));
  EXPECT_EQ(Count(Counter::kSpansExported), 50u);
}

TEST_F(OtlpExporterTimeTest, StopWaitingEndsAllPausesWithOneLastTryEach) {
  Create([](absl::Time) { return SimulatedCollector::Answer{absl::ZeroDuration(), Away()}; });
  for (int i = 0; i < 4; ++i) {
    Export();
  }
  while (collector_->started() < 4) {
    exporter_->Wait(absl::InfiniteFuture());
  }
  const absl::Time stop = clock_.now();
  exporter_->StopWaiting();
  Finish();
  EXPECT_EQ(clock_.now(), stop);
  EXPECT_THAT(collector_->started(), Le(8u));
  EXPECT_EQ(Count(Counter::kSpansDroppedShutdown), made_);
}

TEST_F(OtlpExporterTimeTest, CancelEndsEverythingAtOnce) {
  Create([](absl::Time) { return Accept(absl::Seconds(9)); });
  for (int i = 0; i < 4; ++i) {
    Export();
  }
  const absl::Time stop = clock_.now();
  exporter_->Cancel();
  Finish();
  EXPECT_EQ(clock_.now(), stop);
  EXPECT_EQ(Count(Counter::kSpansDroppedShutdown), made_);
}

TEST_F(OtlpExporterTimeTest, AbsenceOfTenMinutesLosesNothingThatTheQueueHolds) {
  const absl::Time leaves = clock_.now() + absl::Minutes(1);
  const absl::Time returns = leaves + absl::Minutes(10);
  absl::Time first_accepted = absl::InfiniteFuture();
  size_t tries_while_away = 0;
  Create([&](absl::Time start) {
    if (start >= leaves && start < returns) {
      ++tries_while_away;
      return SimulatedCollector::Answer{absl::Milliseconds(1), Away()};
    }
    if (start >= returns) {
      first_accepted = std::min(first_accepted, start);
    }
    return Accept(absl::Milliseconds(50));
  });
  RunUntil(returns + absl::Minutes(5), /*queue_batches=*/200);
  EXPECT_EQ(Count(Counter::kSpansExported), made_) << "180 batches in a quarter of an hour, all delivered";
  EXPECT_THAT(first_accepted - returns, Le(absl::Seconds(16)));
  // At least two tries a minute, and no hammering.
  EXPECT_THAT(tries_while_away, AllOf(Ge(20u), Le(300u)));
  ExpectEverySpanCounted();
}

TEST_F(OtlpExporterTimeTest, AbsenceBeyondTheQueueCostsTheOldestAndNoMore) {
  const absl::Time leaves = clock_.now() + absl::Minutes(1);
  const absl::Time returns = leaves + absl::Minutes(10);
  Create([&](absl::Time start) {
    return start >= leaves && start < returns ? SimulatedCollector::Answer{absl::Milliseconds(1), Away()}
                                              : Accept(absl::Milliseconds(50));
  });
  RunUntil(returns + absl::Minutes(5), /*queue_batches=*/20);
  // 120 batches are made in ten minutes.
  EXPECT_THAT(Count(Counter::kSpansDroppedQueueFull), AllOf(Ge(95 * kBatch), Le(110 * kBatch)));
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 0u);
  ExpectEverySpanCounted();
}

// Whatever a collector does in a day, no span is counted twice or not at all, nothing grows, and it is not hammered.
TEST_F(OtlpExporterTimeTest, ADayOfEveryFailureCountsEverySpan) {
  std::mt19937 random(4711);  // NOLINT(cert-msc51-cpp): the same day each time
  const auto chance = [&random](double p) { return std::bernoulli_distribution(p)(random); };
  absl::Time changes = clock_.now();
  bool is_away = false;
  size_t tries = 0;
  Create([&](absl::Time start) {
    ++tries;
    while (start >= changes) {
      is_away = chance(0.4);
      changes += absl::Seconds(std::uniform_int_distribution<int>(1, 1800)(random));
    }
    const absl::Duration after = absl::Milliseconds(std::uniform_int_distribution<int>(1, 3000)(random));
    if (is_away) {
      return SimulatedCollector::Answer{after, Away()};
    }
    if (chance(0.05)) {
      return SimulatedCollector::Answer{absl::Hours(1), CallResult()};  // too slow
    }
    if (chance(0.1)) {
      return SimulatedCollector::Answer{after, Error(absl::StatusCode::kAborted, Failure::kRetryable)};
    }
    if (chance(0.05)) {
      return SimulatedCollector::Answer{
          after, Error(absl::StatusCode::kResourceExhausted, Failure::kRetryable, absl::Seconds(chance(0.5) ? 2 : 40))};
    }
    if (chance(0.02)) {
      return SimulatedCollector::Answer{after, Error(absl::StatusCode::kInvalidArgument, Failure::kFinal)};
    }
    CallResult accepted;
    accepted.rejected_count = chance(0.05) ? 3 : 0;
    return SimulatedCollector::Answer{after, accepted};
  });
  const absl::Time end = clock_.now() + absl::Hours(24);
  RunUntil(end, /*queue_batches=*/40);
  EXPECT_EQ(made_, 24 * 720 * kBatch);
  ExpectEverySpanCounted();
  EXPECT_THAT(exporter_->held_spans(), Le(4 * kBatch));
  // Each kind of end was met.
  for (const Counter counter : {Counter::kSpansExported, Counter::kSpansRejected, Counter::kSpansDroppedExport,
                                Counter::kSpansDroppedQueueFull, Counter::kExportRetries}) {
    EXPECT_THAT(Count(counter), Ge(100u)) << static_cast<int>(counter);
  }
  EXPECT_THAT(tries, Le(3 * 24 * 720u));
}

}  // namespace
}  // namespace nodespan::otlp
