// SPDX-License-Identifier: Apache-2.0
#include "otlp/metrics_exporter.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "base/errors.h"

namespace nodespan::otlp {

using metrics::Counter;

MetricsExporter::MetricsExporter(MetricsExporterOptions options, std::unique_ptr<OtlpClient> client,
                                 std::function<std::vector<WireBuffer>()> collect, metrics::Counters* counters)
    : options_(std::move(options)),
      client_(std::move(client)),
      collect_(std::move(collect)),
      counters_(counters),
      thread_([this] { Run(); }) {
  (void)pthread_setname_np(thread_.native_handle(), "ns-metrics");
}

MetricsExporter::~MetricsExporter() { End(absl::InfinitePast(), /*export_once_more=*/false); }

void MetricsExporter::Shutdown(absl::Time deadline) { End(deadline, /*export_once_more=*/true); }

void MetricsExporter::End(absl::Time deadline, bool export_once_more) {
  if (!thread_.joinable()) {
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    is_ending_ = true;
    exports_once_more_ = export_once_more;
    client_->Wake();
    mutex_.AwaitWithDeadline(absl::Condition(&has_ended_), deadline);
  }
  client_->Cancel();
  thread_.join();
}

void MetricsExporter::Run() {
  const auto is_ending = [this] {
    absl::MutexLock lock(&mutex_);
    return is_ending_;
  };
  const auto exports_once_more = [this] {
    absl::MutexLock lock(&mutex_);
    return exports_once_more_;
  };
  absl::Time next = absl::Now() + options_.interval;
  while (!is_ending()) {
    // The system's time may have been set back.
    next = std::min(next, absl::Now() + options_.interval);
    (void)client_->Wait(next);
    if (absl::Now() >= next) {
      Export();
      // An export that took longer than the interval does not make the next ones follow at once.
      next = std::max(next + options_.interval, absl::Now());
    }
  }
  if (exports_once_more()) {
    Export();
  }
  absl::MutexLock lock(&mutex_);
  has_ended_ = true;
}

void MetricsExporter::Export() {
  const absl::Time deadline = absl::Now() + options_.timeout;
  size_t under_way = 0;
  for (WireBuffer& body : collect_()) {
    client_->Start(next_id_++, std::make_shared<const WireBuffer>(std::move(body)), deadline);
    ++under_way;
  }
  while (under_way > 0) {
    // Each ends at the deadline at the latest, or when Cancel is called.
    if (const std::optional<EndedCall> ended = client_->Wait(absl::InfiniteFuture())) {
      Take(ended->result);
      --under_way;
    }
  }
}

void MetricsExporter::Take(const CallResult& result) {
  counters_->Add(Counter::kMetricExports);
  absl::Status status = result.status;
  if (status.ok() && (result.rejected_count > 0 || !result.partial_success_message.empty())) {
    status = base::MakeStatus(absl::StatusCode::kInvalidArgument, "the collector refused {} points: {}",
                              result.rejected_count, result.partial_success_message);
  }
  if (!status.ok()) {
    counters_->Add(Counter::kMetricExportsFailed);
    options_.on_status(status);
  } else if (has_failed_) {
    options_.on_status(status);
  }
  has_failed_ = !status.ok();
}

}  // namespace nodespan::otlp
