// SPDX-License-Identifier: Apache-2.0
// Finished spans as OTLP/JSON, one ExportTraceServiceRequest per line: OTEL_TRACES_EXPORTER=otlp/stdout.
//
// The format is that of OTLP 1.9, "JSON Protobuf Encoding": lowerCamelCase keys, ids in lower-case hex, 64-bit integers
// as strings, enumerations as numbers. Absent values are left out. Bad UTF-8 becomes U+FFFD.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/unique_fd.h"
#include "export/span_exporter.h"
#include "metrics/counters.h"
#include "model/span.h"

namespace nodespan::otlp {

// One line without the line feed. `spans` is not empty.
std::string ToOtlpJson(std::span<const model::Span> spans);

// Writes each batch as one line to a file descriptor. A reader that is slow, goes away or closes the pipe costs the
// batch (counted), never more: writes wait until the deadline at most, and SIGPIPE is not raised. A line that was cut
// off is ended before the next one begins, so that a later reader finds whole lines again.
class StdoutJsonExporter final : public exporting::SpanExporter {
 public:
  // `fd` stays open and outlives the exporter; its flags are left alone, as others may share it. `on_status` is called
  // on the export thread with the error of every batch that was not written. `counters` outlives the exporter.
  static absl::StatusOr<std::unique_ptr<StdoutJsonExporter>> Create(
      int fd, metrics::Counters* counters,
      std::function<void(const absl::Status&)> on_status = [](const absl::Status&) {});

  void Export(std::vector<model::Span> spans, absl::Time deadline) override;
  void Cancel() override;

 private:
  StdoutJsonExporter(int fd, base::UniqueFd cancel_fd, metrics::Counters* counters,
                     std::function<void(const absl::Status&)> on_status);

  absl::Status Write(std::string_view text, absl::Time deadline);
  // Waits until a write makes progress. kDeadlineExceeded, or kCancelled after Cancel().
  absl::Status WaitWritable(absl::Time deadline);

  const int fd_;
  const base::UniqueFd cancel_fd_;  // an eventfd that becomes readable, and stays so, on Cancel()
  metrics::Counters* const counters_;
  const std::function<void(const absl::Status&)> on_status_;
  bool line_is_open_ = false;  // the last line was cut off; export thread only
};

}  // namespace nodespan::otlp
