// SPDX-License-Identifier: Apache-2.0
// Delivers spans to an OpenTelemetry collector over OTLP/gRPC: SPEC sections 1.5 and 2.2.
//
// A batch becomes one request, or several below 4 MiB, sent one after the other. A request that fails with a retryable
// code is tried again with growing, jittered pauses; partial success and other errors are final. When the time is over
// and the collector is away (kUnavailable, or no connection), requests are held for Retry. A collector that is there,
// and too slow or asking for more time than there is, gets no second chance: it may have taken the spans. Every span
// ends in exactly one of kSpansExported, kSpansRejected, kSpansDroppedExport, kSpansDroppedShutdown, or in what
// DropHeld is told.
//
// Owns one gRPC channel and waits on the caller's thread; gRPC's own threads touch nothing of ours.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "export/span_exporter.h"
#include "metrics/counters.h"
#include "otlp/otlp_encoder.h"
#include "otlp/retry.h"
#include "otlp/trace_client.h"

namespace nodespan::otlp {

struct GrpcExporterOptions {
  TraceClientOptions client;
  absl::Duration timeout = absl::Seconds(10);  // one batch, retries included; InfiniteDuration: only Export's deadline
  RetryOptions retry;
  size_t max_request_bytes = kMaxRequestBytes;

  // Called on the export thread: with an error for every try that failed, every partial success and every span too
  // large to send; with OK when a request succeeds after that. The caller logs it, at its own rate.
  std::function<void(const absl::Status&)> on_status = [](const absl::Status&) {};
};

class GrpcExporter final : public exporting::SpanExporter {
 public:
  // Errors and `warnings` as TraceClient::Create. `counters` outlives the exporter.
  static absl::StatusOr<std::unique_ptr<GrpcExporter>> Create(GrpcExporterOptions options, metrics::Counters* counters,
                                                              std::vector<std::string>* warnings);

  void Export(std::vector<model::Span> spans, absl::Time deadline) override;
  size_t held_spans() const override;
  void Retry(absl::Time deadline) override;
  void DropHeld(metrics::Counter reason) override;
  void StopWaiting() override;
  void Cancel() override;

 private:
  GrpcExporter(GrpcExporterOptions options, std::unique_ptr<TraceClient> client, metrics::Counters* counters);

  struct Request {
    std::shared_ptr<const WireBuffer> body;
    size_t span_count = 0;
  };

  // In order, until one has to be held; that and all behind it are held.
  void DeliverAll(std::vector<Request> requests, absl::Time deadline);
  // False: the collector is away, and the request is to be held.
  bool Deliver(const Request& request, absl::Time deadline);
  void CountAccepted(const CallResult& result, size_t span_count);
  enum class Verdict { kTryAgain, kDropped, kHold };
  // Decides after a failed try. Waits before it says kTryAgain; has counted the spans when it says kDropped.
  Verdict WaitToRetry(const CallResult& result, size_t span_count, Backoff& backoff);
  void Drop(metrics::Counter reason, size_t span_count, const absl::Status& status);
  void Report(const absl::Status& status);
  bool no_more_waiting();

  const GrpcExporterOptions options_;
  const std::unique_ptr<TraceClient> client_;
  metrics::Counters* const counters_;

  // Export thread only.
  OtlpEncoder encoder_;
  absl::BitGen random_;
  bool failing_ = false;  // the last thing reported was an error
  std::vector<Request> held_;

  absl::Mutex mutex_;
  bool no_more_waiting_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace nodespan::otlp
