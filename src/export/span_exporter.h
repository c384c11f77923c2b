// SPDX-License-Identifier: Apache-2.0
// The one interface between finished spans and the places they go to.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "metrics/counters.h"
#include "model/span.h"

namespace nodespan::exporting {

// Owned by the BatchProcessor. Export() is called on the exporter's own export thread only, one call at a time.
class SpanExporter {
 public:
  virtual ~SpanExporter() = default;

  // Delivers `spans` (never empty) or gives up before `deadline`. When Export returns, every span of the batch is
  // counted as exported, rejected or dropped in the Counters the exporter was made with, or is held.
  virtual void Export(std::vector<model::Span> spans, absl::Time deadline) = 0;

  // Spans that could not be delivered because the other side is away, kept to be tried again. Export is not called
  // while there are any. The three are called on the export thread; exporters that never hold need not override them.
  virtual size_t held_spans() const { return 0; }
  // Tries to deliver them, as Export does; what fails for the same reason stays held.
  virtual void Retry(absl::Time /*deadline*/) {}
  // Gives them up, counted as `reason`.
  virtual void DropHeld(metrics::Counter /*reason*/) {}

  // The daemon is about to end. From now on no Export waits before it tries again: a wait under way ends with one last
  // try. Any thread, also while Export runs. Exporters that never wait need not override it.
  virtual void StopWaiting() {}

  // Time is up: a running Export, and each one started later, returns at once and counts what it did not deliver as
  // kSpansDroppedShutdown. Any thread, also while Export runs. Exporters that never block need not override it.
  virtual void Cancel() {}
};

}  // namespace nodespan::exporting
