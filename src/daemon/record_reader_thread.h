// SPDX-License-Identifier: Apache-2.0
// The reader thread: kernel ring -> spans -> export queue.
//
// The ring is drained by a timer, because waking somebody for every record would cost the traced process more than the
// probe (DESIGN.md, bet B5); the kernel wakes us only when the ring fills up.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "ebpf/ring_reader.h"
#include "export/batch_processor.h"
#include "export/span_metrics.h"
#include "model/span.h"
#include "spans/span_assembler.h"

namespace nodespan::daemon {

class RecordReaderThread {
 public:
  // Takes over reading the ring `map_fd`; everything given outlives the returned object. `metrics` sees all spans, may
  // be null; only those that are sampled are handed on.
  static absl::StatusOr<std::unique_ptr<RecordReaderThread>> Start(int map_fd, spans::SpanAssembler* assembler,
                                                                   exporting::BatchProcessor* processor,
                                                                   exporting::SpanMetrics* metrics);
  // Drains the ring once more, hands the spans on, and ends the thread.
  ~RecordReaderThread();

  // When it last looked at the ring (CLOCK_MONOTONIC): many times a second while it is alive. Any thread.
  int64_t last_round_ns() const { return last_round_ns_.load(std::memory_order_relaxed); }

 private:
  RecordReaderThread(spans::SpanAssembler* assembler, exporting::BatchProcessor* processor,
                     exporting::SpanMetrics* metrics, base::UniqueFd stop_fd)
      : assembler_(assembler), processor_(processor), metrics_(metrics), stop_fd_(std::move(stop_fd)) {}

  void Run();
  // Counts what was assembled, and leaves those that are sampled.
  void Measure();
  // Returns the number of records read.
  size_t DrainOnce();

  spans::SpanAssembler* const assembler_;
  exporting::BatchProcessor* const processor_;
  exporting::SpanMetrics* const metrics_;
  base::UniqueFd stop_fd_;
  std::atomic<int64_t> last_round_ns_ = 0;  // relaxed: looked at by itself
  std::vector<model::Span> spans_;          // reader thread only
  std::unique_ptr<ebpf::RingReader> ring_;
  std::thread thread_;
};

}  // namespace nodespan::daemon
