// SPDX-License-Identifier: Apache-2.0
#include "otlp/otlp_exporter.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"

namespace nodespan::otlp {
namespace {

OtlpExporterOptions Valid(OtlpExporterOptions options) {
  options.max_in_flight = std::max<size_t>(options.max_in_flight, 1);
  return options;
}

}  // namespace

using metrics::Counter;

OtlpExporter::OtlpExporter(OtlpExporterOptions options, std::unique_ptr<OtlpClient> client, metrics::Counters* counters,
                           const base::Clock& clock)
    : options_(Valid(std::move(options))),
      client_(std::move(client)),
      counters_(counters),
      clock_(clock),
      encoder_(options_.max_request_bytes) {}

void OtlpExporter::Export(std::vector<model::Span> spans, absl::Time deadline) {
  EncodedBatch batch = encoder_.Encode(spans);
  spans = {};
  if (batch.oversized_span_count > 0) {
    Drop(Counter::kSpansDroppedExport, batch.oversized_span_count,
         base::MakeStatus(absl::StatusCode::kResourceExhausted, "spans larger than {} bytes",
                          options_.max_request_bytes));
  }
  for (EncodedRequest& encoded : batch.requests) {
    auto request = std::make_unique<Request>();
    request->body = std::make_shared<const WireBuffer>(std::move(encoded.body));
    request->span_count = encoded.span_count;
    request->deadline = deadline;
    request->next_try = absl::InfinitePast();
    waiting_.push_back(std::move(request));
  }
  StartDue();
}

bool OtlpExporter::CanTake() const { return held_.empty() && waiting_.size() + in_flight_.size() < Window(); }

void OtlpExporter::Wait(absl::Time until) {
  StartDue();
  if (!IsBusy()) {
    return;
  }
  std::optional<EndedCall> ended = client_->Wait(std::min(until, NextTry()));
  if (ended) {
    const auto found = in_flight_.find(ended->id);
    RequestPtr request = std::move(found->second);
    in_flight_.erase(found);
    Settle(std::move(request), ended->result);
  }
  StartDue();
}

void OtlpExporter::StartDue() {
  const absl::Time now = no_more_waiting_.load() ? absl::InfiniteFuture() : Now();
  // Settling one can add to waiting_.
  while (in_flight_.size() < Window()) {
    const auto due = std::find_if(waiting_.begin(), waiting_.end(),
                                  [now](const RequestPtr& request) { return request->next_try <= now; });
    if (due == waiting_.end()) {
      return;
    }
    RequestPtr request = std::move(*due);
    waiting_.erase(due);
    Start(std::move(request));
  }
}

void OtlpExporter::Start(RequestPtr request) {
  const absl::Time now = Now();
  if (request->backoff) {
    counters_->Add(Counter::kExportRetries);
  } else if (now >= request->deadline && !no_more_waiting_.load()) {
    // Others took all the time there was. The collector has not seen it, so nothing is in the way of a later try.
    Hold(std::move(request));
    return;
  } else {
    request->deadline = std::min(request->deadline, now + options_.timeout);
    request->backoff.emplace(options_.retry, now, request->deadline,
                             [this] { return options_.jitter ? options_.jitter() : absl::Uniform(random_, 0.0, 1.0); });
  }
  counters_->Add(Counter::kExportRequests);
  const uint64_t id = ++last_id_;
  client_->Start(id, request->body, request->deadline);
  in_flight_.emplace(id, std::move(request));
}

absl::Time OtlpExporter::NextTry() const {
  absl::Time first = absl::InfiniteFuture();
  if (in_flight_.size() < Window()) {
    for (const RequestPtr& request : waiting_) {
      first = std::min(first, request->next_try);
    }
  }
  return first;
}

void OtlpExporter::Settle(RequestPtr request, const CallResult& result) {
  is_away_ = !result.status.ok() && result.failure == Failure::kAway;
  if (result.status.ok()) {
    CountAccepted(result, request->span_count);
  } else {
    Fail(std::move(request), result);
  }
}

// Partial success is success: what was rejected would be rejected again.
void OtlpExporter::CountAccepted(const CallResult& result, size_t span_count) {
  const auto rejected =
      static_cast<size_t>(std::clamp<int64_t>(result.rejected_count, 0, static_cast<int64_t>(span_count)));
  counters_->Add(Counter::kSpansExported, span_count - rejected);
  counters_->Add(Counter::kSpansRejected, rejected);
  if (rejected > 0 || !result.partial_success_message.empty()) {
    Report(base::MakeStatus(absl::StatusCode::kInvalidArgument, "the collector rejected {} of {} spans: {}", rejected,
                            span_count, result.partial_success_message));
  } else {
    Report(absl::OkStatus());
  }
}

void OtlpExporter::Fail(RequestPtr request, const CallResult& result) {
  if (result.failure == Failure::kFinal) {
    Drop(Counter::kSpansDroppedExport, request->span_count, result.status);
    return;
  }
  if (no_more_waiting_.load()) {
    Drop(Counter::kSpansDroppedShutdown, request->span_count, result.status);
    return;
  }
  const absl::Time now = Now();
  const std::optional<absl::Duration> wait = request->backoff->Next(now, result.retry_delay);
  if (wait) {
    Report(base::MakeStatus(result.status.code(), "{}; retrying {} spans in {:.1f} s", base::Message(result.status),
                            request->span_count, absl::ToDoubleSeconds(*wait)));
    request->next_try = now + *wait;
    waiting_.push_back(std::move(request));
  } else if (result.failure == Failure::kAway && !result.retry_delay) {
    Report(
        base::MakeStatus(result.status.code(), "{}; {} spans wait", base::Message(result.status), request->span_count));
    Hold(std::move(request));
  } else {
    Drop(Counter::kSpansDroppedExport, request->span_count, result.status);
  }
}

void OtlpExporter::Hold(RequestPtr request) {
  request->backoff.reset();
  held_.push_back(std::move(request));
}

size_t OtlpExporter::held_spans() const {
  size_t count = 0;
  for (const RequestPtr& request : held_) {
    count += request->span_count;
  }
  return count;
}

void OtlpExporter::Retry(absl::Time deadline) {
  for (RequestPtr& request : held_) {
    request->deadline = deadline;
    request->next_try = absl::InfinitePast();
    waiting_.push_back(std::move(request));
  }
  held_.clear();
  StartDue();
}

void OtlpExporter::DropHeld(Counter reason) {
  if (const size_t count = held_spans(); count > 0) {
    held_.clear();
    Drop(reason, count, absl::UnavailableError("the collector was away"));
  }
}

void OtlpExporter::Drop(Counter reason, size_t span_count, const absl::Status& status) {
  counters_->Add(reason, span_count);
  Report(base::MakeStatus(status.code(), "{}; {} spans dropped", base::Message(status), span_count));
}

void OtlpExporter::Report(const absl::Status& status) {
  if (!status.ok() || is_failing_) {
    options_.on_status(status);
  }
  is_failing_ = !status.ok();
}

void OtlpExporter::StopWaiting() {
  no_more_waiting_ = true;
  client_->Wake();
}

// A cancelled call ends with a retryable error, which without waiting is final.
void OtlpExporter::Cancel() {
  StopWaiting();
  client_->Cancel();
}

}  // namespace nodespan::otlp
