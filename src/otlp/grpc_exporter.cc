// SPDX-License-Identifier: Apache-2.0
#include "otlp/grpc_exporter.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::otlp {

using metrics::Counter;

absl::StatusOr<std::unique_ptr<GrpcExporter>> GrpcExporter::Create(GrpcExporterOptions options,
                                                                   metrics::Counters* counters,
                                                                   std::vector<std::string>* warnings) {
  NODESPAN_ASSIGN_OR_RETURN(std::unique_ptr<TraceClient> client, TraceClient::Create(options.client, warnings));
  return std::unique_ptr<GrpcExporter>(new GrpcExporter(std::move(options), std::move(client), counters));
}

GrpcExporter::GrpcExporter(GrpcExporterOptions options, std::unique_ptr<TraceClient> client,
                           metrics::Counters* counters)
    : options_(std::move(options)),
      client_(std::move(client)),
      counters_(counters),
      encoder_(options_.max_request_bytes) {}

void GrpcExporter::Export(std::vector<model::Span> spans, absl::Time deadline) {
  EncodedBatch batch = encoder_.Encode(spans);
  spans = {};
  if (batch.oversized_span_count > 0) {
    Drop(Counter::kSpansDroppedExport, batch.oversized_span_count,
         base::MakeStatus(absl::StatusCode::kResourceExhausted, "spans larger than {} bytes",
                          options_.max_request_bytes));
  }
  std::vector<Request> requests;
  requests.reserve(batch.requests.size());
  for (EncodedRequest& request : batch.requests) {
    requests.push_back({std::make_shared<const WireBuffer>(std::move(request.body)), request.span_count});
  }
  DeliverAll(std::move(requests), deadline);
}

void GrpcExporter::Retry(absl::Time deadline) { DeliverAll(std::exchange(held_, {}), deadline); }

void GrpcExporter::DeliverAll(std::vector<Request> requests, absl::Time deadline) {
  deadline = std::min(deadline, absl::Now() + options_.timeout);
  for (Request& request : requests) {
    if (!held_.empty() || !Deliver(request, deadline)) {
      held_.push_back(std::move(request));
    }
  }
}

size_t GrpcExporter::held_spans() const {
  size_t count = 0;
  for (const Request& request : held_) {
    count += request.span_count;
  }
  return count;
}

void GrpcExporter::DropHeld(Counter reason) {
  if (const size_t count = held_spans(); count > 0) {
    held_.clear();
    Drop(reason, count, absl::UnavailableError("the collector was away"));
  }
}

bool GrpcExporter::Deliver(const Request& request, absl::Time deadline) {
  Backoff backoff(options_.retry, absl::Now(), deadline, [this] { return absl::Uniform(random_, 0.0, 1.0); });
  while (true) {
    counters_->Add(Counter::kExportRequests);
    const CallResult result = client_->Export(request.body, deadline);
    if (result.status.ok()) {
      CountAccepted(result, request.span_count);
      return true;
    }
    const Verdict verdict = WaitToRetry(result, request.span_count, backoff);
    if (verdict != Verdict::kTryAgain) {
      return verdict == Verdict::kDropped;
    }
    counters_->Add(Counter::kExportRetries);
    client_->ResetConnectionBackoff();
  }
}

// Partial success is success: what was rejected would be rejected again.
void GrpcExporter::CountAccepted(const CallResult& result, size_t span_count) {
  const auto rejected =
      static_cast<size_t>(std::clamp<int64_t>(result.rejected_span_count, 0, static_cast<int64_t>(span_count)));
  counters_->Add(Counter::kSpansExported, span_count - rejected);
  counters_->Add(Counter::kSpansRejected, rejected);
  if (rejected > 0 || !result.partial_success_message.empty()) {
    Report(base::MakeStatus(absl::StatusCode::kInvalidArgument, "the collector rejected {} of {} spans: {}", rejected,
                            span_count, result.partial_success_message));
  } else {
    Report(absl::OkStatus());
  }
}

GrpcExporter::Verdict GrpcExporter::WaitToRetry(const CallResult& result, size_t span_count, Backoff& backoff) {
  if (!IsRetryable(result.status.code(), result.retry_delay)) {
    Drop(Counter::kSpansDroppedExport, span_count, result.status);
    return Verdict::kDropped;
  }
  if (no_more_waiting()) {
    Drop(Counter::kSpansDroppedShutdown, span_count, result.status);
    return Verdict::kDropped;
  }
  const std::optional<absl::Duration> wait = backoff.Next(absl::Now(), result.retry_delay);
  if (!wait) {
    const bool is_away = result.status.code() == absl::StatusCode::kUnavailable || !client_->IsConnected();
    if (is_away && !result.retry_delay) {
      Report(base::MakeStatus(result.status.code(), "{}; {} spans wait", base::Message(result.status), span_count));
      return Verdict::kHold;
    }
    Drop(Counter::kSpansDroppedExport, span_count, result.status);
    return Verdict::kDropped;
  }
  Report(base::MakeStatus(result.status.code(), "{}; retrying {} spans in {:.1f} s", base::Message(result.status),
                          span_count, absl::ToDoubleSeconds(*wait)));
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&no_more_waiting_), *wait);
  return Verdict::kTryAgain;
}

void GrpcExporter::Drop(Counter reason, size_t span_count, const absl::Status& status) {
  counters_->Add(reason, span_count);
  Report(base::MakeStatus(status.code(), "{}; {} spans dropped", base::Message(status), span_count));
}

void GrpcExporter::Report(const absl::Status& status) {
  if (!status.ok() || failing_) {
    options_.on_status(status);
  }
  failing_ = !status.ok();
}

bool GrpcExporter::no_more_waiting() {
  absl::MutexLock lock(&mutex_);
  return no_more_waiting_;
}

void GrpcExporter::StopWaiting() {
  absl::MutexLock lock(&mutex_);
  no_more_waiting_ = true;
}

// A cancelled call ends with the retryable kCancelled, which without waiting is final.
void GrpcExporter::Cancel() {
  StopWaiting();
  client_->Cancel();
}

}  // namespace nodespan::otlp
