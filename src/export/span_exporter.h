// SPDX-License-Identifier: Apache-2.0
// The one interface between finished spans and the places they go to.
#pragma once

#include <vector>

#include "absl/time/time.h"
#include "model/span.h"

namespace nodespan::exporting {

// Owned by the BatchProcessor. Export() is called on the exporter's own export thread only, one call at a time.
class SpanExporter {
 public:
  virtual ~SpanExporter() = default;

  // Delivers `spans` (never empty) or gives up before `deadline`. Counts every span as exported, rejected or dropped in
  // the Counters it was made with: when Export returns, no span of the batch is undecided.
  virtual void Export(std::vector<model::Span> spans, absl::Time deadline) = 0;

  // The daemon is about to end. From now on no Export waits before it tries again: a wait under way ends with one last
  // try. Any thread, also while Export runs. Exporters that never wait need not override it.
  virtual void StopWaiting() {}

  // Time is up: a running Export, and each one started later, returns at once and counts what it did not deliver as
  // kSpansDroppedShutdown. Any thread, also while Export runs. Exporters that never block need not override it.
  virtual void Cancel() {}
};

}  // namespace nodespan::exporting
