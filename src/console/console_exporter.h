// SPDX-License-Identifier: Apache-2.0
// OTEL_TRACES_EXPORTER=console: the spans of each batch as trees on a terminal.
//
// A tree holds what one batch has of a trace. Holding spans back until the rest of their trace has arrived would leave
// them undecided when Export returns (span_exporter.h) and would make the live view late, so a span whose parent comes
// with a later batch is printed on its own and names its parent. A short schedule delay (about a second) keeps batches
// live and traces together.
//
// A terminal that takes nothing (Ctrl-S, a full pipe) holds Export until its deadline; what is not written by then is
// dropped, counted as kSpansDroppedExport and, once the terminal takes output again, told in one line. After the
// terminal or pipe is closed, everything is dropped at once.
//
// Thread: as SpanExporter says. Lifetime: `counters` outlives this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "console/terminal_writer.h"
#include "console/trace_printer.h"
#include "export/span_exporter.h"
#include "metrics/counters.h"

namespace nodespan::console {

struct ConsoleOptions {
  // Unset: on a terminal, unless NO_COLOR is set and not empty (no-color.org) or TERM is "dumb".
  std::optional<bool> color;
  // Unset: that of the terminal at the time of each batch, else 100.
  std::optional<size_t> width;
  absl::TimeZone time_zone = absl::LocalTimeZone();
};

class ConsoleExporter final : public exporting::SpanExporter {
 public:
  // Writes to `fd`, which stays the caller's. kInternal: it is not an open descriptor.
  static absl::StatusOr<std::unique_ptr<ConsoleExporter>> Create(int fd, metrics::Counters* counters,
                                                                 ConsoleOptions options = {});

  void Export(std::vector<model::Span> spans, absl::Time deadline) override;

 private:
  ConsoleExporter(TerminalWriter writer, metrics::Counters* counters, ConsoleOptions options);

  PrintStyle CurrentStyle() const;
  // Says how many spans were not shown since the last time; false when that could not be written either.
  bool TellWhatWasLost(absl::Time deadline);

  TerminalWriter writer_;
  metrics::Counters* counters_;
  const ConsoleOptions options_;
  bool closed_ = false;
  uint64_t lost_since_told_ = 0;
};

}  // namespace nodespan::console
