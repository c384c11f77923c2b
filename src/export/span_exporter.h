// SPDX-License-Identifier: Apache-2.0
// The one interface between finished spans and the places they go to.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "metrics/counters.h"
#include "model/span.h"

namespace nodespan::exporting {

// Owned by the BatchProcessor, whose export thread calls all methods but those marked "any thread", one at a time.
class SpanExporter {
 public:
  virtual ~SpanExporter() = default;

  // Delivers `spans` (never empty) or gives up before `deadline`. When Export returns, every span of the batch is
  // counted as exported, rejected or dropped in the Counters the exporter was made with, or is held, or the exporter is
  // busy with it.
  virtual void Export(std::vector<model::Span> spans, absl::Time deadline) = 0;

  // An exporter can deliver in the background: Export returns when the batch is on its way, and more can be given while
  // CanTake says so. Wait goes on with it until something has changed, until `until`, or until Wake is called (any
  // thread) during or before it; whoever calls it looks again. Exporters that are never busy need not override them.
  virtual bool CanTake() const { return held_spans() == 0; }
  virtual bool IsBusy() const { return false; }
  virtual void Wait(absl::Time /*until*/) {}
  virtual void Wake() {}

  // Spans that could not be delivered because the other side is away, kept to be tried again. Export is not called
  // while there are any. Exporters that never hold need not override the three.
  virtual size_t held_spans() const { return 0; }
  // Tries to deliver them, as Export does; what fails for the same reason is held again.
  virtual void Retry(absl::Time /*deadline*/) {}
  // Gives them up, counted as `reason`.
  virtual void DropHeld(metrics::Counter /*reason*/) {}

  // The daemon is about to end. From now on nothing waits before it is tried again: a wait under way ends with one last
  // try. Any thread. Exporters that never wait need not override it.
  virtual void StopWaiting() {}

  // Time is up: what is on its way, and what is given later, ends at once; what is not delivered is counted as
  // kSpansDroppedShutdown. Any thread, also while Export or Wait runs. Exporters that never block need not override it.
  virtual void Cancel() {}
};

}  // namespace nodespan::exporting
