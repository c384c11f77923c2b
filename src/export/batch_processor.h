// SPDX-License-Identifier: Apache-2.0
// Collects finished spans and hands them to the exporters in batches, as OTEL_BSP_* describes (SPEC sections 1.2, 2.2).
//
// Every exporter has a lane of its own, a bounded queue and a thread, so that a collector that does not answer never
// holds up the spans on the console. Every exporter gets every span; the copies are made only when there are several.
//
// While the other side of an exporter is away, the batches it could not deliver are held and tried again, and the queue
// fills behind them. When the queue is full, what is held goes first, because it is the oldest.
//
// Promise: per exporter, spans added = exported + rejected + dropped, in the counters, once Shutdown has returned.
//
// Thread: all methods from any thread. Add never waits for an exporter.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "export/span_exporter.h"
#include "metrics/counters.h"
#include "model/span.h"

namespace nodespan::exporting {

struct BatchProcessorOptions {
  absl::Duration schedule_delay = absl::Seconds(5);   // the longest a span waits for its batch to fill
  absl::Duration export_timeout = absl::Seconds(30);  // per batch; InfiniteDuration: no limit
  size_t max_queue_size = 2048;                       // spans per exporter; beyond it the oldest are dropped
  size_t max_export_batch_size = 512;                 // spans; at most max_queue_size
};

class BatchProcessor {
 public:
  // `counters` and `clock` outlive the processor. The clock gives the deadlines of exports.
  BatchProcessor(const BatchProcessorOptions& options, std::vector<std::unique_ptr<SpanExporter>> exporters,
                 metrics::Counters* counters, const base::Clock& clock = base::Clock::Real());
  // Shutdown without time for a last export, unless it was called before.
  ~BatchProcessor();

  // Queues `spans` for every exporter. After Shutdown they are counted as dropped.
  void Add(std::vector<model::Span> spans);

  // Exports what is queued now and waits until that is done, at most until `deadline`. False: it was not done by then.
  bool Flush(absl::Time deadline);

  // Takes no more spans, exports what is queued, and ends the threads. What is not delivered by `deadline` is counted
  // as kSpansDroppedShutdown. Returns soon after `deadline` even when an exporter hangs (SpanExporter::Cancel). Later
  // calls do nothing.
  void Shutdown(absl::Time deadline);

  // Spans waiting in the fullest queue; for "collector unreachable, N spans queued".
  size_t queued_spans() const;

 private:
  class Lane;

  metrics::Counters* const counters_;
  const base::Clock& clock_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  absl::Mutex shutdown_mutex_;  // one Shutdown at a time
};

}  // namespace nodespan::exporting
