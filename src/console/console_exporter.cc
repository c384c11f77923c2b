// SPDX-License-Identifier: Apache-2.0
#include "console/console_exporter.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "console/trace_tree.h"
#include "fmt/format.h"

namespace nodespan::console {
namespace {

constexpr size_t kWidthOfFiles = 100;

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

bool WantsColor(const TerminalWriter& writer) {
  return writer.is_terminal() && Environment("NO_COLOR").empty() && Environment("TERM") != "dumb";
}

}  // namespace

absl::StatusOr<std::unique_ptr<ConsoleExporter>> ConsoleExporter::Create(int fd, metrics::Counters* counters,
                                                                         ConsoleOptions options) {
  absl::StatusOr<TerminalWriter> writer = TerminalWriter::Open(fd);
  if (!writer.ok()) {
    return writer.status();
  }
  if (!options.color) {
    options.color = WantsColor(*writer);
  }
  return std::unique_ptr<ConsoleExporter>(new ConsoleExporter(*std::move(writer), counters, options));
}

ConsoleExporter::ConsoleExporter(TerminalWriter writer, metrics::Counters* counters, ConsoleOptions options)
    : writer_(std::move(writer)), counters_(counters), options_(options) {}

PrintStyle ConsoleExporter::CurrentStyle() const {
  size_t width = options_.width.value_or(writer_.Width());
  if (width == 0) {
    width = kWidthOfFiles;
  }
  return {.width = width, .color = options_.color.value_or(false), .time_zone = options_.time_zone};
}

bool ConsoleExporter::TellWhatWasLost(absl::Time deadline) {
  if (lost_since_told_ == 0) {
    return true;
  }
  const std::string note = fmt::format("({} {} not shown: the output was too slow)\n\n", lost_since_told_,
                                       lost_since_told_ == 1 ? "span was" : "spans were");
  if (!writer_.Write(note, deadline).ok()) {
    return false;
  }
  lost_since_told_ = 0;
  return true;
}

void ConsoleExporter::Export(std::vector<model::Span> spans, absl::Time deadline) {
  uint64_t shown = 0;
  if (!closed_ && TellWhatWasLost(deadline)) {
    const PrintStyle style = CurrentStyle();
    for (const TraceTree& tree : BuildTraceTrees(spans)) {
      if (absl::Status status = writer_.Write(PrintTrace(tree, style), deadline); !status.ok()) {
        closed_ = !absl::IsDeadlineExceeded(status);
        break;
      }
      shown += tree.nodes.size();
    }
  }
  const uint64_t lost = spans.size() - shown;
  lost_since_told_ += lost;
  counters_->Add(metrics::Counter::kSpansExported, shown);
  counters_->Add(metrics::Counter::kSpansDroppedExport, lost);
}

}  // namespace nodespan::console
