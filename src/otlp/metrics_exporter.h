// SPDX-License-Identifier: Apache-2.0
// Sends span metrics to an OpenTelemetry collector at a steady pace, on a thread of its own.
//
// The numbers only grow, so that nothing is lost with a request that fails: the next one says all that it said. None is
// tried again.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "metrics/counters.h"
#include "otlp/otlp_client.h"

namespace nodespan::otlp {

struct MetricsExporterOptions {
  absl::Duration interval = absl::Minutes(1);  // > 0; from one export to the next
  absl::Duration timeout = absl::Seconds(10);  // of one export

  // Called on the exporter's thread: with an error for every request that failed or was taken in part, with OK when one
  // succeeds after that.
  std::function<void(const absl::Status&)> on_status = [](const absl::Status&) {};
};

class MetricsExporter {
 public:
  // `collect` gives the requests of one export, on the exporter's thread, until Shutdown has returned. `counters`
  // outlives the exporter.
  MetricsExporter(MetricsExporterOptions options, std::unique_ptr<OtlpClient> client,
                  std::function<std::vector<WireBuffer>()> collect, metrics::Counters* counters);
  // Does not export once more.
  ~MetricsExporter();

  // Exports once more, for which there is time until `deadline`, and ends the thread. Once, on the owner's thread.
  void Shutdown(absl::Time deadline);

 private:
  void Run();
  void Export();
  void Take(const CallResult& result);
  void End(absl::Time deadline, bool export_once_more);

  const MetricsExporterOptions options_;
  const std::unique_ptr<OtlpClient> client_;
  const std::function<std::vector<WireBuffer>()> collect_;
  metrics::Counters* const counters_;
  bool has_failed_ = false;  // the exporter's thread only, like the next
  uint64_t next_id_ = 0;

  absl::Mutex mutex_;
  bool is_ending_ ABSL_GUARDED_BY(mutex_) = false;
  bool exports_once_more_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace nodespan::otlp
