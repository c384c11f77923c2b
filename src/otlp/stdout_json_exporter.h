// SPDX-License-Identifier: Apache-2.0
// OTEL_TRACES_EXPORTER=otlp/stdout: each batch as one line of OTLP/JSON (otlp_json.h), for scripts and tests.
//
// A reader that is slow, goes away or closes the pipe costs the batch (counted), never more: writes wait until the
// deadline at most, and SIGPIPE is not raised. A line that was cut off is ended before the next one begins, so that a
// later reader finds whole lines again.
#pragma once

#include <functional>
#include <memory>
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
