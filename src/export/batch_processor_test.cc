// SPDX-License-Identifier: Apache-2.0
#include "export/batch_processor.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::exporting {
namespace {

using metrics::Counter;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;

constexpr absl::Duration kSoon = absl::Seconds(20);  // longer than anything here takes on a loaded machine

std::vector<model::Span> Spans(std::vector<std::string> names) {
  std::vector<model::Span> spans;
  for (std::string& name : names) {
    spans.emplace_back().name = std::move(name);
  }
  return spans;
}

// What an exporter was given. Outlives the exporter, which the processor owns.
class Log {
 public:
  void Append(const std::vector<model::Span>& spans, absl::Time deadline) {
    absl::MutexLock lock(&mutex_);
    std::vector<std::string>& batch = batches_.emplace_back();
    for (const model::Span& span : spans) {
      batch.push_back(span.name);
    }
    deadlines_.push_back(deadline);
    span_count_ += spans.size();
  }

  bool WaitForSpans(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return span_count_ >= count; };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), kSoon);
  }

  std::vector<std::vector<std::string>> batches() {
    absl::MutexLock lock(&mutex_);
    return batches_;
  }
  std::vector<absl::Time> deadlines() {
    absl::MutexLock lock(&mutex_);
    return deadlines_;
  }
  size_t span_count() {
    absl::MutexLock lock(&mutex_);
    return span_count_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::vector<std::string>> batches_;
  std::vector<absl::Time> deadlines_;
  size_t span_count_ = 0;
};

class RecordingExporter : public SpanExporter {
 public:
  RecordingExporter(Log* log, metrics::Counters* counters) : log_(log), counters_(counters) {}
  void Export(std::vector<model::Span> spans, absl::Time deadline) override {
    log_->Append(spans, deadline);
    counters_->Add(Counter::kSpansExported, spans.size());
  }

 private:
  Log* log_;
  metrics::Counters* counters_;
};

// Blocks in Export, as an exporter does whose collector does not answer, until it is told otherwise.
struct Gate {
  absl::Notification entered;
  absl::Notification open;       // opened by the test: the export succeeds
  absl::Notification cancelled;  // by Cancel(): the batch is lost
  absl::Notification hurried;    // by StopWaiting()
};

class BlockingExporter : public RecordingExporter {
 public:
  BlockingExporter(Gate* gate, Log* log, metrics::Counters* counters)
      : RecordingExporter(log, counters), gate_(gate), counters_(counters) {}

  void Export(std::vector<model::Span> spans, absl::Time deadline) override {
    if (!gate_->entered.HasBeenNotified()) {
      gate_->entered.Notify();
    }
    while (!gate_->open.WaitForNotificationWithTimeout(absl::Milliseconds(1))) {
      if (gate_->cancelled.HasBeenNotified()) {
        counters_->Add(Counter::kSpansDroppedShutdown, spans.size());
        return;
      }
    }
    RecordingExporter::Export(std::move(spans), deadline);
  }
  void StopWaiting() override { gate_->hurried.Notify(); }
  void Cancel() override { gate_->cancelled.Notify(); }

 private:
  Gate* gate_;
  metrics::Counters* counters_;
};

// Is away until the test says otherwise: holds what it is given, and counts the tries.
class AwayExporter : public RecordingExporter {
 public:
  AwayExporter(std::atomic<bool>* away, std::atomic<int>* tries, Log* log, metrics::Counters* counters)
      : RecordingExporter(log, counters), away_(away), tries_(tries), counters_(counters) {}

  void Export(std::vector<model::Span> spans, absl::Time deadline) override {
    EXPECT_THAT(held_, IsEmpty());
    held_ = std::move(spans);
    Retry(deadline);
  }
  size_t held_spans() const override { return held_.size(); }
  void Retry(absl::Time deadline) override {
    ++*tries_;
    if (!*away_) {
      RecordingExporter::Export(std::exchange(held_, {}), deadline);
    }
  }
  void DropHeld(Counter reason) override { counters_->Add(reason, std::exchange(held_, {}).size()); }

 private:
  std::atomic<bool>* away_;
  std::atomic<int>* tries_;
  metrics::Counters* counters_;
  std::vector<model::Span> held_;
};

// Takes up to `room` batches at a time and delivers none before the test says so.
class BackgroundExporter : public RecordingExporter {
 public:
  BackgroundExporter(size_t room, Log* log, metrics::Counters* counters)
      : RecordingExporter(log, counters), room_(room), counters_(counters) {}

  void Export(std::vector<model::Span> spans, absl::Time deadline) override {
    EXPECT_TRUE(CanTake());
    absl::MutexLock lock(&mutex_);
    under_way_.push_back({std::move(spans), deadline});
  }
  bool CanTake() const override { return under_way_count() < room_; }
  bool IsBusy() const override { return under_way_count() > 0; }
  void Wait(absl::Time until) override {
    std::vector<Batch> ended;
    bool cancelled = false;
    {
      absl::MutexLock lock(&mutex_);
      const auto changed = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return woken_ || delivers_ || cancelled_; };
      mutex_.AwaitWithDeadline(absl::Condition(&changed), until);
      woken_ = false;
      cancelled = cancelled_;
      if (delivers_ || cancelled_) {
        ended.swap(under_way_);
      }
    }
    for (Batch& batch : ended) {
      if (cancelled) {
        counters_->Add(Counter::kSpansDroppedShutdown, batch.spans.size());
      } else {
        RecordingExporter::Export(std::move(batch.spans), batch.deadline);
      }
    }
  }
  void Wake() override {
    absl::MutexLock lock(&mutex_);
    woken_ = true;
  }
  void StopWaiting() override { Wake(); }
  void Cancel() override {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
  }

  void Deliver() {
    absl::MutexLock lock(&mutex_);
    delivers_ = true;
  }
  size_t under_way_count() const {
    absl::MutexLock lock(&mutex_);
    return under_way_.size();
  }
  bool WaitForBatches(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return under_way_.size() >= count; };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), kSoon);
  }

 private:
  struct Batch {
    std::vector<model::Span> spans;
    absl::Time deadline;
  };
  const size_t room_;
  metrics::Counters* counters_;
  mutable absl::Mutex mutex_;
  std::vector<Batch> under_way_ ABSL_GUARDED_BY(mutex_);
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool delivers_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

class FixedClock final : public base::Clock {
 public:
  int64_t MonotonicNs() const override { return 0; }
  int64_t WallNs() const override { return 1'000'000'000'000; }
};

class BatchProcessorTest : public ::testing::Test {
 protected:
  // A delay that never elapses: what is exported was exported for another reason.
  static BatchProcessorOptions Options(size_t queue, size_t batch) {
    return {.schedule_delay = absl::InfiniteDuration(), .max_queue_size = queue, .max_export_batch_size = batch};
  }

  std::unique_ptr<BatchProcessor> Recording(const BatchProcessorOptions& options) {
    std::vector<std::unique_ptr<SpanExporter>> exporters;
    exporters.push_back(std::make_unique<RecordingExporter>(&log_, &counters_));
    return std::make_unique<BatchProcessor>(options, std::move(exporters), &counters_);
  }

  std::unique_ptr<BatchProcessor> Blocking(const BatchProcessorOptions& options) {
    std::vector<std::unique_ptr<SpanExporter>> exporters;
    exporters.push_back(std::make_unique<BlockingExporter>(&gate_, &log_, &counters_));
    return std::make_unique<BatchProcessor>(options, std::move(exporters), &counters_);
  }

  std::unique_ptr<BatchProcessor> Away(const BatchProcessorOptions& options) {
    std::vector<std::unique_ptr<SpanExporter>> exporters;
    exporters.push_back(std::make_unique<AwayExporter>(&away_, &tries_, &log_, &counters_));
    return std::make_unique<BatchProcessor>(options, std::move(exporters), &counters_);
  }

  // The exporter stays valid as long as the processor.
  std::unique_ptr<BatchProcessor> Background(const BatchProcessorOptions& options, size_t room) {
    auto exporter = std::make_unique<BackgroundExporter>(room, &log_, &counters_);
    background_ = exporter.get();
    std::vector<std::unique_ptr<SpanExporter>> exporters;
    exporters.push_back(std::move(exporter));
    return std::make_unique<BatchProcessor>(options, std::move(exporters), &counters_);
  }

  // Waits until the exporter was tried that often.
  void WaitForTries(int count) {
    const absl::Time end = absl::Now() + kSoon;
    while (tries_ < count && absl::Now() < end) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    ASSERT_GE(tries_, count);
  }

  // Starts an export of one span that does not come back.
  void Block(BatchProcessor& processor) {
    processor.Add(Spans({"blocked"}));
    std::thread flusher([&processor] { (void)processor.Flush(absl::Now()); });
    flusher.join();
    ASSERT_TRUE(gate_.entered.WaitForNotificationWithTimeout(kSoon));
  }

  uint64_t Count(Counter counter) const { return counters_.Get(counter); }

  metrics::Counters counters_;
  Log log_;
  Gate gate_;
  BackgroundExporter* background_ = nullptr;
  std::atomic<bool> away_ = true;
  std::atomic<int> tries_ = 0;
};

TEST_F(BatchProcessorTest, ExportsAFullBatchAtOnceAndKeepsTheRest) {
  auto processor = Recording(Options(10, 3));
  processor->Add(Spans({"a", "b"}));
  EXPECT_EQ(processor->queued_spans(), 2u);
  processor->Add(Spans({"c", "d"}));
  ASSERT_TRUE(log_.WaitForSpans(3));
  EXPECT_THAT(log_.batches(), ElementsAre(ElementsAre("a", "b", "c")));
  EXPECT_EQ(processor->queued_spans(), 1u);
}

TEST_F(BatchProcessorTest, NeverExceedsTheBatchSize) {
  auto processor = Recording(Options(100, 3));
  processor->Add(Spans({"a", "b", "c", "d", "e", "f", "g"}));
  ASSERT_TRUE(processor->Flush(absl::Now() + kSoon));
  EXPECT_THAT(log_.batches(), ElementsAre(ElementsAre("a", "b", "c"), ElementsAre("d", "e", "f"), ElementsAre("g")));
}

TEST_F(BatchProcessorTest, ExportsAPartialBatchWhenTheDelayHasPassed) {
  BatchProcessorOptions options = Options(10, 10);
  options.schedule_delay = absl::Milliseconds(5);
  auto processor = Recording(options);
  processor->Add(Spans({"a"}));
  ASSERT_TRUE(log_.WaitForSpans(1));
  EXPECT_THAT(log_.batches(), ElementsAre(ElementsAre("a")));
}

TEST_F(BatchProcessorTest, FlushExportsWhatIsQueuedAndWaitsForIt) {
  auto processor = Recording(Options(10, 10));
  processor->Add(Spans({"a"}));
  EXPECT_TRUE(processor->Flush(absl::Now() + kSoon));
  EXPECT_EQ(log_.span_count(), 1u);
  EXPECT_TRUE(processor->Flush(absl::Now() + kSoon)) << "nothing queued";
}

TEST_F(BatchProcessorTest, FlushGivesUpAtItsDeadline) {
  auto processor = Blocking(Options(10, 10));
  Block(*processor);
  EXPECT_FALSE(processor->Flush(absl::Now() + absl::Milliseconds(5)));
  gate_.open.Notify();
  EXPECT_TRUE(processor->Flush(absl::Now() + kSoon));
}

TEST_F(BatchProcessorTest, FullQueueDropsTheOldestAndCountsThemWithoutBlocking) {
  auto processor = Blocking(Options(3, 3));
  Block(*processor);
  processor->Add(Spans({"a", "b", "c", "d"}));
  processor->Add(Spans({"e"}));
  EXPECT_EQ(Count(Counter::kSpansDroppedQueueFull), 2u);
  gate_.open.Notify();
  processor->Shutdown(absl::Now() + kSoon);
  EXPECT_THAT(log_.batches(), ElementsAre(ElementsAre("blocked"), ElementsAre("c", "d", "e")));
  EXPECT_EQ(Count(Counter::kSpansExported), 4u);
}

TEST_F(BatchProcessorTest, WhatIsHeldIsTriedAgainBeforeWhatCameLater) {
  BatchProcessorOptions options = Options(10, 2);
  options.schedule_delay = absl::Milliseconds(5);
  const auto processor = Away(options);
  processor->Add(Spans({"a", "b", "c", "d", "e"}));
  WaitForTries(3);
  EXPECT_THAT(log_.batches(), IsEmpty());
  away_ = false;
  ASSERT_TRUE(log_.WaitForSpans(5));
  EXPECT_THAT(log_.batches(), ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "d"), ElementsAre("e")));
  processor->Shutdown(absl::Now() + kSoon);
  EXPECT_EQ(Count(Counter::kSpansExported), 5u);
}

TEST_F(BatchProcessorTest, WhatIsHeldIsDroppedFirstWhenTheQueueIsFull) {
  BatchProcessorOptions options = Options(4, 2);
  options.schedule_delay = absl::Milliseconds(5);
  const auto processor = Away(options);
  processor->Add(Spans({"a", "b"}));
  WaitForTries(1);
  processor->Add(Spans({"c", "d", "e", "f"}));
  const absl::Time end = absl::Now() + kSoon;
  while (Count(Counter::kSpansDroppedQueueFull) == 0 && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  away_ = false;
  ASSERT_TRUE(log_.WaitForSpans(4));
  EXPECT_THAT(log_.batches(), ElementsAre(ElementsAre("c", "d"), ElementsAre("e", "f")));
  EXPECT_EQ(Count(Counter::kSpansDroppedQueueFull), 2u);
  processor->Shutdown(absl::Now() + kSoon);
}

TEST_F(BatchProcessorTest, ShutdownWhileTheOtherSideIsAwayCountsEverySpan) {
  const auto processor = Away(Options(10, 2));
  processor->Add(Spans({"a", "b", "c", "d", "e"}));
  WaitForTries(1);
  processor->Shutdown(absl::Now() + absl::Milliseconds(200));
  EXPECT_EQ(Count(Counter::kSpansDroppedShutdown), 5u);
  EXPECT_THAT(log_.batches(), IsEmpty());
}

TEST_F(BatchProcessorTest, GivesFullBatchesWhileOthersAreOnTheirWayUntilThereIsNoRoom) {
  const auto processor = Background(Options(10, 2), 3);
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    processor->Add(Spans({name, name}));
  }
  ASSERT_TRUE(background_->WaitForBatches(3));
  EXPECT_EQ(processor->queued_spans(), 4u);
  EXPECT_EQ(log_.span_count(), 0u);
  background_->Deliver();
  ASSERT_TRUE(log_.WaitForSpans(10));
  processor->Shutdown(absl::Now() + kSoon);
  EXPECT_EQ(Count(Counter::kSpansExported), 10u);
}

TEST_F(BatchProcessorTest, PartialBatchGoesOutAfterTheDelayWhileOthersAreOnTheirWay) {
  BatchProcessorOptions options = Options(10, 2);
  options.schedule_delay = absl::Milliseconds(5);
  const auto processor = Background(options, 3);
  processor->Add(Spans({"a", "b"}));
  ASSERT_TRUE(background_->WaitForBatches(1));
  processor->Add(Spans({"c"}));
  EXPECT_TRUE(background_->WaitForBatches(2));
}

TEST_F(BatchProcessorTest, NothingIsExportedBeforeItsTimeBecauseOthersAreOnTheirWay) {
  const auto processor = Background(Options(10, 2), 3);
  processor->Add(Spans({"a", "b"}));
  ASSERT_TRUE(background_->WaitForBatches(1));
  processor->Add(Spans({"c"}));
  background_->Deliver();
  ASSERT_TRUE(log_.WaitForSpans(2));
  EXPECT_EQ(processor->queued_spans(), 1u);
}

TEST_F(BatchProcessorTest, FlushWaitsForWhatIsOnItsWay) {
  const auto processor = Background(Options(10, 2), 3);
  processor->Add(Spans({"a", "b", "c", "d", "e", "f", "g"}));
  EXPECT_FALSE(processor->Flush(absl::Now() + absl::Milliseconds(20)));
  background_->Deliver();
  EXPECT_TRUE(processor->Flush(absl::Now() + kSoon));
  EXPECT_EQ(Count(Counter::kSpansExported), 7u);
}

TEST_F(BatchProcessorTest, ShutdownCancelsWhatIsOnItsWayAndCountsIt) {
  const auto processor = Background(Options(10, 2), 2);
  processor->Add(Spans({"a", "b", "c", "d", "e", "f", "g"}));
  ASSERT_TRUE(background_->WaitForBatches(2));
  processor->Shutdown(absl::Now() + absl::Milliseconds(20));
  EXPECT_EQ(Count(Counter::kSpansDroppedShutdown), 7u);
}

TEST_F(BatchProcessorTest, BatchSizeAboveTheQueueSizeIsCutToIt) {
  auto processor = Recording(Options(2, 10));
  processor->Add(Spans({"a", "b"}));  // would wait for ten that can never be queued
  EXPECT_TRUE(log_.WaitForSpans(2));
}

TEST_F(BatchProcessorTest, EveryExporterGetsEverySpan) {
  Log second;
  std::vector<std::unique_ptr<SpanExporter>> exporters;
  exporters.push_back(std::make_unique<RecordingExporter>(&log_, &counters_));
  exporters.push_back(std::make_unique<RecordingExporter>(&second, &counters_));
  BatchProcessor processor(Options(10, 10), std::move(exporters), &counters_);
  processor.Add(Spans({"a", "b"}));
  ASSERT_TRUE(processor.Flush(absl::Now() + kSoon));
  EXPECT_THAT(log_.batches(), ElementsAre(ElementsAre("a", "b")));
  EXPECT_THAT(second.batches(), ElementsAre(ElementsAre("a", "b")));
}

TEST_F(BatchProcessorTest, HangingExporterDoesNotHoldUpTheOther) {
  std::vector<std::unique_ptr<SpanExporter>> exporters;
  exporters.push_back(std::make_unique<BlockingExporter>(&gate_, &log_, &counters_));
  Log second;
  exporters.push_back(std::make_unique<RecordingExporter>(&second, &counters_));
  BatchProcessor processor(Options(10, 1), std::move(exporters), &counters_);
  processor.Add(Spans({"a"}));
  processor.Add(Spans({"b"}));
  EXPECT_TRUE(second.WaitForSpans(2));
  ASSERT_TRUE(gate_.entered.WaitForNotificationWithTimeout(kSoon));
  EXPECT_EQ(log_.span_count(), 0u);
  EXPECT_EQ(processor.queued_spans(), 1u);
}

TEST_F(BatchProcessorTest, NoExporterTakesSpansAndDoesNothing) {
  BatchProcessor processor(Options(10, 10), {}, &counters_);
  processor.Add(Spans({"a"}));
  EXPECT_TRUE(processor.Flush(absl::Now()));
  EXPECT_EQ(processor.queued_spans(), 0u);
}

TEST_F(BatchProcessorTest, ExportDeadlineIsTheTimeoutFromNow) {
  const FixedClock clock;
  std::vector<std::unique_ptr<SpanExporter>> exporters;
  exporters.push_back(std::make_unique<RecordingExporter>(&log_, &counters_));
  BatchProcessorOptions options = Options(10, 10);
  options.export_timeout = absl::Seconds(7);
  BatchProcessor processor(options, std::move(exporters), &counters_, clock);
  processor.Add(Spans({"a"}));
  ASSERT_TRUE(processor.Flush(absl::Now() + kSoon));
  EXPECT_THAT(log_.deadlines(), ElementsAre(absl::FromUnixSeconds(1007)));
}

TEST_F(BatchProcessorTest, ShutdownExportsWhatIsQueuedWithinItsDeadline) {
  auto processor = Recording(Options(10, 2));
  processor->Add(Spans({"a"}));
  const absl::Time deadline = absl::Now() + absl::Seconds(5);
  processor->Shutdown(deadline);
  EXPECT_THAT(log_.batches(), ElementsAre(ElementsAre("a")));
  EXPECT_THAT(log_.deadlines(), ElementsAre(Le(deadline)));
}

TEST_F(BatchProcessorTest, ShutdownCancelsAHangingExportAndCountsWhatStays) {
  auto processor = Blocking(Options(10, 2));
  Block(*processor);
  processor->Add(Spans({"a", "b", "c"}));
  processor->Shutdown(absl::Now() + absl::Milliseconds(20));
  EXPECT_TRUE(gate_.hurried.HasBeenNotified());
  EXPECT_TRUE(gate_.cancelled.HasBeenNotified());
  EXPECT_EQ(Count(Counter::kSpansDroppedShutdown), 4u);
  EXPECT_EQ(Count(Counter::kSpansExported), 0u);
}

TEST_F(BatchProcessorTest, SpansAddedAfterShutdownAreCounted) {
  auto processor = Recording(Options(10, 10));
  processor->Shutdown(absl::Now() + kSoon);
  processor->Add(Spans({"late", "later"}));
  processor->Shutdown(absl::Now() + kSoon);
  EXPECT_EQ(Count(Counter::kSpansDroppedShutdown), 2u);
  EXPECT_THAT(log_.batches(), IsEmpty());
}

TEST_F(BatchProcessorTest, DestructionWithoutShutdownCountsTheQueuedSpans) {
  Recording(Options(10, 10))->Add(Spans({"a"}));
  EXPECT_EQ(Count(Counter::kSpansExported) + Count(Counter::kSpansDroppedShutdown), 1u);
}

// Producers, flushes and a shutdown at the same time: whatever happens, no span is counted twice or not at all.
TEST_F(BatchProcessorTest, EverySpanIsCountedOnceUnderContention) {
  auto processor = Recording(Options(50, 7));
  std::atomic<bool> done = false;
  std::atomic<size_t> added = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&processor, &done, &added] {
      while (!done) {
        processor->Add(Spans({"a", "b"}));
        added += 2;
      }
    });
  }
  std::thread flusher([&processor, &done] {
    while (!done) {
      (void)processor->Flush(absl::Now() + absl::Milliseconds(1));
    }
  });
  EXPECT_TRUE(log_.WaitForSpans(100));
  processor->Shutdown(absl::Now() + kSoon);
  done = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  flusher.join();
  EXPECT_EQ(
      Count(Counter::kSpansExported) + Count(Counter::kSpansDroppedQueueFull) + Count(Counter::kSpansDroppedShutdown),
      added);
  EXPECT_THAT(Count(Counter::kSpansExported), Ge(100u));
}

}  // namespace
}  // namespace nodespan::exporting
