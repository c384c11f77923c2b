// SPDX-License-Identifier: Apache-2.0
#include "export/batch_processor.h"

#include <pthread.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "base/bounded_queue.h"

namespace nodespan::exporting {
namespace {

constexpr absl::Duration kLongestPause = absl::Seconds(5);

}  // namespace

// One exporter with its queue and thread.
class BatchProcessor::Lane {
 public:
  Lane(const BatchProcessorOptions& options, std::unique_ptr<SpanExporter> exporter, metrics::Counters* counters,
       const base::Clock& clock)
      : options_(options),
        exporter_(std::move(exporter)),
        counters_(counters),
        clock_(clock),
        queue_(options.max_queue_size) {
    thread_ = std::thread([this] { Run(); });
  }

  void Add(std::vector<model::Span> spans) {
    const size_t dropped = queue_.PushAll(std::move(spans));
    if (queue_.size() >= options_.max_export_batch_size) {
      exporter_->Wake();
    }
    if (dropped == 0) {
      return;
    }
    absl::MutexLock lock(&mutex_);
    counters_->Add(stopping_ ? metrics::Counter::kSpansDroppedShutdown : metrics::Counter::kSpansDroppedQueueFull,
                   dropped);
  }

  // The number under which the flush is known to FinishFlush.
  uint64_t StartFlush() {
    absl::MutexLock lock(&mutex_);
    ++flushes_wanted_;
    queue_.Kick();
    exporter_->Wake();
    return flushes_wanted_;
  }

  bool FinishFlush(uint64_t flush, absl::Time deadline) {
    absl::MutexLock lock(&mutex_);
    const auto done = [this, flush]()
                          ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return flushes_done_ >= flush || finished_; };
    return mutex_.AwaitWithDeadline(absl::Condition(&done), deadline);
  }

  void StartShutdown(absl::Time deadline) {
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) {
        return;
      }
      stopping_ = true;
      shutdown_deadline_ = deadline;
      // Under the lock: the thread must not see stopping_ and leave while a span can still get into the queue.
      queue_.Close();
    }
    exporter_->StopWaiting();
  }

  void FinishShutdown(absl::Time deadline) {
    if (!WaitUntilFinished(deadline)) {
      exporter_->Cancel();
    }
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  size_t queued_spans() const { return queue_.size(); }

 private:
  void Run() {
    (void)::pthread_setname_np(::pthread_self(), "export");
    bool stopping = false;
    while (!stopping) {
      uint64_t flush = 0;
      bool flushing = false;
      {
        absl::MutexLock lock(&mutex_);
        stopping = stopping_;
        flush = flushes_wanted_;
        flushing = flush != flushes_done_;
      }
      if (stopping || flushing) {
        RetryHeld();
        FinishDeliveries();
        ExportQueued(queue_.size());
        FinishDeliveries();
        absl::MutexLock lock(&mutex_);
        flushes_done_ = flush;
      } else if (exporter_->IsBusy()) {
        GoOn();
      } else if (exporter_->held_spans() > 0) {
        PauseWhileHeld();
        RetryHeld();
      } else {
        Export(
            queue_.PopBatch(options_.max_export_batch_size, options_.max_export_batch_size, options_.schedule_delay));
      }
    }
    exporter_->DropHeld(metrics::Counter::kSpansDroppedShutdown);
    const std::vector<model::Span> rest = queue_.PopBatch(0, std::numeric_limits<size_t>::max(), absl::ZeroDuration());
    counters_->Add(metrics::Counter::kSpansDroppedShutdown, rest.size());
    absl::MutexLock lock(&mutex_);
    finished_ = true;
  }

  // Batches are on their way. Exports the next when it is full or due, and there is room; otherwise waits for a change.
  void GoOn() {
    const bool can_take = exporter_->CanTake();
    if (can_take && (queue_.size() >= options_.max_export_batch_size || Now() >= next_export_)) {
      Export(queue_.PopBatch(0, options_.max_export_batch_size, absl::ZeroDuration()));
      return;
    }
    exporter_->Wait(can_take ? next_export_ : absl::InfiniteFuture());
  }

  void FinishDeliveries() {
    while (exporter_->IsBusy()) {
      exporter_->Wait(absl::InfiniteFuture());
    }
  }

  void RetryHeld() {
    if (exporter_->held_spans() == 0) {
      return;
    }
    if (queue_.size() >= options_.max_queue_size) {
      exporter_->DropHeld(metrics::Counter::kSpansDroppedQueueFull);
      return;
    }
    exporter_->Retry(ExportDeadline());
  }

  // However soon a try fails, the next one is not made at once.
  void PauseWhileHeld() {
    absl::MutexLock lock(&mutex_);
    const auto wanted = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return stopping_ || flushes_wanted_ != flushes_done_;
    };
    mutex_.AwaitWithTimeout(absl::Condition(&wanted), std::min(options_.schedule_delay, kLongestPause));
  }

  // Exports the `count` oldest spans, or fewer when some are pushed out of the queue meanwhile or a batch comes to be
  // held.
  void ExportQueued(size_t count) {
    while (count > 0 && WaitForRoom()) {
      std::vector<model::Span> batch =
          queue_.PopBatch(0, std::min(count, options_.max_export_batch_size), absl::ZeroDuration());
      if (batch.empty()) {
        return;
      }
      count -= batch.size();
      Export(std::move(batch));
    }
  }

  // False: a batch is held, and nothing is on its way any more.
  bool WaitForRoom() {
    while (!exporter_->CanTake()) {
      if (!exporter_->IsBusy()) {
        return false;
      }
      exporter_->Wait(absl::InfiniteFuture());
    }
    return true;
  }

  void Export(std::vector<model::Span> batch) {
    next_export_ = Now() + options_.schedule_delay;
    if (batch.empty()) {
      return;
    }
    if (Now() >= ShutdownDeadline()) {
      counters_->Add(metrics::Counter::kSpansDroppedShutdown, batch.size());
      return;
    }
    exporter_->Export(std::move(batch), ExportDeadline());
  }

  absl::Time ExportDeadline() { return std::min(Now() + options_.export_timeout, ShutdownDeadline()); }

  absl::Time Now() const { return absl::FromUnixNanos(clock_.WallNs()); }

  bool WaitUntilFinished(absl::Time deadline) {
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithDeadline(absl::Condition(&finished_), deadline);
  }

  absl::Time ShutdownDeadline() {
    absl::MutexLock lock(&mutex_);
    return shutdown_deadline_;
  }

  const BatchProcessorOptions options_;
  const std::unique_ptr<SpanExporter> exporter_;
  metrics::Counters* const counters_;
  const base::Clock& clock_;
  base::BoundedQueue<model::Span> queue_;
  absl::Time next_export_ =
      absl::InfinitePast();  // export thread only: when spans have waited for their batch long enough

  absl::Mutex mutex_;
  uint64_t flushes_wanted_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t flushes_done_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time shutdown_deadline_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

BatchProcessor::BatchProcessor(const BatchProcessorOptions& options,
                               std::vector<std::unique_ptr<SpanExporter>> exporters, metrics::Counters* counters,
                               const base::Clock& clock)
    : counters_(counters), clock_(clock) {
  BatchProcessorOptions valid = options;
  valid.max_queue_size = std::max<size_t>(valid.max_queue_size, 1);
  valid.max_export_batch_size = std::clamp<size_t>(valid.max_export_batch_size, 1, valid.max_queue_size);
  for (std::unique_ptr<SpanExporter>& exporter : exporters) {
    lanes_.push_back(std::make_unique<Lane>(valid, std::move(exporter), counters_, clock_));
  }
}

BatchProcessor::~BatchProcessor() { Shutdown(absl::InfinitePast()); }

void BatchProcessor::Add(std::vector<model::Span> spans) {
  if (lanes_.empty() || spans.empty()) {
    return;
  }
  for (size_t i = 0; i + 1 < lanes_.size(); ++i) {
    lanes_[i]->Add(spans);
  }
  lanes_.back()->Add(std::move(spans));
}

bool BatchProcessor::Flush(absl::Time deadline) {
  std::vector<uint64_t> flushes;
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    flushes.push_back(lane->StartFlush());
  }
  bool done = true;
  for (size_t i = 0; i < lanes_.size(); ++i) {
    done = lanes_[i]->FinishFlush(flushes[i], deadline) && done;
  }
  return done;
}

void BatchProcessor::Shutdown(absl::Time deadline) {
  absl::MutexLock lock(&shutdown_mutex_);
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    lane->StartShutdown(deadline);
  }
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    lane->FinishShutdown(deadline);
  }
}

size_t BatchProcessor::queued_spans() const {
  size_t most = 0;
  for (const std::unique_ptr<Lane>& lane : lanes_) {
    most = std::max(most, lane->queued_spans());
  }
  return most;
}

}  // namespace nodespan::exporting
