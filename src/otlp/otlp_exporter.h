// SPDX-License-Identifier: Apache-2.0
// Delivers spans to an OpenTelemetry collector over OTLP, whatever the client speaks: SPEC sections 1.5 and 2.2.
//
// A batch becomes one request, or several below 4 MiB. A bounded number of requests is on its way at a time, so that a
// slow answer does not hold up the next batch. A request that fails with a retryable error is tried again with growing,
// jittered pauses; partial success and other errors are final. When its time is over and the collector is away
// (Failure::kAway), a request is held for Retry. A collector that is there, and too slow or asking for more time than
// there is, gets no second chance: it may have taken the spans. While the collector is away, one request at a time is
// tried. Every span ends in exactly one of kSpansExported, kSpansRejected, kSpansDroppedExport, kSpansDroppedShutdown,
// or in what DropHeld is told.
//
// Owns the client and waits on the caller's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "export/span_exporter.h"
#include "metrics/counters.h"
#include "otlp/otlp_client.h"
#include "otlp/otlp_encoder.h"
#include "otlp/retry.h"

namespace nodespan::otlp {

struct OtlpExporterOptions {
  absl::Duration timeout =
      absl::Seconds(10);  // one request, retries included; InfiniteDuration: Export's deadline only
  RetryOptions retry;
  size_t max_request_bytes = kMaxRequestBytes;
  size_t max_in_flight = 4;  // requests sent, or waiting for their next try, before CanTake says no; at least 1

  // Numbers in [0, 1) that pauses are drawn with, asked for on the export thread; null: random ones.
  std::function<double()> jitter;

  // Called on the export thread: with an error for every try that failed, every partial success and every span too
  // large to send; with OK when a request succeeds after that. The caller logs it, at its own rate.
  std::function<void(const absl::Status&)> on_status = [](const absl::Status&) {};
};

class OtlpExporter final : public exporting::SpanExporter {
 public:
  // `counters` and `clock` outlive the exporter.
  OtlpExporter(OtlpExporterOptions options, std::unique_ptr<OtlpClient> client, metrics::Counters* counters,
               const base::Clock& clock = base::Clock::Real());

  void Export(std::vector<model::Span> spans, absl::Time deadline) override;
  bool CanTake() const override;
  bool IsBusy() const override { return !waiting_.empty() || !in_flight_.empty(); }
  void Wait(absl::Time until) override;
  void Wake() override { client_->Wake(); }
  size_t held_spans() const override;
  void Retry(absl::Time deadline) override;
  void DropHeld(metrics::Counter reason) override;
  void StopWaiting() override;
  void Cancel() override;

 private:
  struct Request {
    std::shared_ptr<const WireBuffer> body;
    size_t span_count = 0;
    absl::Time deadline;             // Export's; when the first try begins, the timeout's if that is earlier
    std::optional<Backoff> backoff;  // present from the first try on
    absl::Time next_try;             // not before
  };
  using RequestPtr = std::unique_ptr<Request>;

  absl::Time Now() const { return absl::FromUnixNanos(clock_.WallNs()); }
  // How many requests may be under way: one while the collector is away.
  size_t Window() const { return is_away_ ? 1 : options_.max_in_flight; }
  // Sends what is due, as far as the window allows.
  void StartDue();
  void Start(RequestPtr request);
  // When the next of the waiting is due, if the window has room for it.
  absl::Time NextTry() const;
  void Settle(RequestPtr request, const CallResult& result);
  // Tries again later, holds, or drops.
  void Fail(RequestPtr request, const CallResult& result);
  void Hold(RequestPtr request);
  void CountAccepted(const CallResult& result, size_t span_count);
  void Drop(metrics::Counter reason, size_t span_count, const absl::Status& status);
  void Report(const absl::Status& status);

  const OtlpExporterOptions options_;
  const std::unique_ptr<OtlpClient> client_;
  metrics::Counters* const counters_;
  const base::Clock& clock_;

  // Export thread only. A request is in one of three places.
  std::vector<RequestPtr> waiting_;                      // for their turn or their next try
  absl::flat_hash_map<uint64_t, RequestPtr> in_flight_;  // by the id the client knows
  std::vector<RequestPtr> held_;
  uint64_t last_id_ = 0;
  OtlpEncoder encoder_;
  absl::BitGen random_;
  bool is_away_ = false;     // the last answer, or lack of one, said so
  bool is_failing_ = false;  // the last thing reported was an error

  // Set once; what it changes is looked at after the Wake that follows it.
  std::atomic<bool> no_more_waiting_ = false;
};

}  // namespace nodespan::otlp
