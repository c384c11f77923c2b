// SPDX-License-Identifier: Apache-2.0
// The one interface between finished spans and the places they go to.
#pragma once

#include <vector>

#include "absl/time/time.h"
#include "model/span.h"

namespace nodespan::exporting {

// Owned by the BatchProcessor and called on its export thread only, one call at a time.
class SpanExporter {
 public:
  virtual ~SpanExporter() = default;

  // Delivers `spans` (never empty) or gives up before `deadline`. Counts every span as exported, rejected or dropped in
  // the Counters it was made with: when Export returns, no span of the batch is undecided.
  virtual void Export(std::vector<model::Span> spans, absl::Time deadline) = 0;
};

}  // namespace nodespan::exporting
