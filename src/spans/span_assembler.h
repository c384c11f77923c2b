// SPDX-License-Identifier: Apache-2.0
// Ring record -> finished span, with every loss counted.
//
// Thread: the reader thread. Lifetime: what the constructor is given outlives this.
// Usage, once per drain of the ring: BeginBatch(), Assemble() for each record, hand the spans on.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "metrics/counters.h"
#include "model/captured_names.h"
#include "model/span.h"
#include "spans/api_spans.h"
#include "spans/captured_attributes.h"
#include "spans/database_span.h"
#include "spans/pending_exceptions.h"
#include "spans/target_directory.h"
#include "spans/wall_clock.h"

namespace nodespan::spans {

struct AssemblerOptions {
  model::CapturedNames captured;  // as the kernel side looks for them
};

class SpanAssembler {
 public:
  SpanAssembler(const TargetDirectory* directory, const base::Clock* clock, metrics::Counters* counters,
                const AssemblerOptions& options = {});

  // Takes over the targets and the wall-clock offset of this moment.
  void BeginBatch();

  // Appends the span that the record completes to `spans`. Nearly every record is a span; of those that a program makes
  // through the OpenTelemetry API there may be several, and a panic is kept until the record of its span comes. Counts
  // the record as read, and the span as assembled or excluded, or the record as malformed or unknown. kDataLoss:
  // malformed; kNotFound: its target is not known any more, which is normal after a detach. Nothing is appended then,
  // and the next record can be assembled.
  absl::Status Assemble(std::span<const std::byte> record, std::vector<model::Span>& spans);

 private:
  // Looks in the snapshot of the batch first and, for a target that was attached during the batch, in a new one.
  const TargetInfo* FindTarget(TargetKey key);
  void Build(const events::HttpServerEvent& event, const TargetInfo& target, model::Span& span);
  void Build(const events::HttpClientEvent& event, const TargetInfo& target, model::Span& span);
  void Build(const events::DatabaseEvent& event, const TargetInfo& target, model::Span& span);
  void Build(const events::GrpcEvent& event, const TargetInfo& target, model::Span& span);
  void KeepException(const events::PanicEvent& panic, const TargetInfo& target);
  // Whether the span, which is complete, is to be exported; counts it.
  bool Finish(const TargetInfo& target, model::Span& span);
  absl::Status AssembleApi(const events::ApiEvent& event, const TargetInfo& target, std::vector<model::Span>& spans);
  void Build(const events::KafkaEvent& event, const TargetInfo& target, model::Span& span);

  const TargetDirectory* directory_;
  metrics::Counters* counters_;
  CapturedAttributes http_request_headers_;
  CapturedAttributes grpc_request_metadata_;
  DatabaseSpanBuilder database_;
  ApiSpans api_;
  PendingExceptions exceptions_;
  WallClock wall_clock_;
  TargetDirectory::SnapshotPtr targets_;
};

}  // namespace nodespan::spans
