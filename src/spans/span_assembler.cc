// SPDX-License-Identifier: Apache-2.0
#include "spans/span_assembler.h"

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/errors.h"
#include "events/record_reader.h"
#include "fmt/format.h"
#include "model/exclusions.h"
#include "spans/apply_limits.h"
#include "spans/code_attributes.h"
#include "spans/exception_event.h"
#include "spans/go_error.h"
#include "spans/grpc_span.h"
#include "spans/http_client_span.h"
#include "spans/http_server_span.h"
#include "spans/kafka_span.h"

namespace nodespan::spans {

using metrics::Counter;

SpanAssembler::SpanAssembler(const TargetDirectory* directory, const base::Clock* clock, metrics::Counters* counters,
                             const AssemblerOptions& options)
    : directory_(directory),
      counters_(counters),
      http_request_headers_(kHttpRequestHeaders, options.captured.http_request_headers),
      grpc_request_metadata_(kGrpcRequestMetadata, options.captured.grpc_request_metadata),
      api_(counters),
      wall_clock_(clock),
      targets_(directory->Current()) {}

void SpanAssembler::BeginBatch() {
  if (TargetDirectory::SnapshotPtr newest = directory_->Current(); newest != targets_) {
    targets_ = std::move(newest);
    api_.Forget([this](TargetKey key) { return targets_->Find(key) != nullptr; });
  }
  wall_clock_.Refresh();
}

const TargetInfo* SpanAssembler::FindTarget(TargetKey key) {
  if (const TargetInfo* known = targets_->Find(key)) {
    return known;
  }
  TargetDirectory::SnapshotPtr newest = directory_->Current();
  if (newest == targets_) {
    return nullptr;
  }
  targets_ = std::move(newest);
  return targets_->Find(key);
}

void SpanAssembler::Build(const events::HttpServerEvent& event, const TargetInfo& target, model::Span& span) {
  BuildHttpServerSpan(event, target.options, target.resource, wall_clock_, span);
  http_request_headers_.AddTo(event.captured, target.options.semconv.http, span);
  if (event.handler_vaddr && target.code != nullptr) {
    AddHandler(target.code->FunctionAt(*event.handler_vaddr), span.attributes);
  }
}

void SpanAssembler::Build(const events::HttpClientEvent& event, const TargetInfo& target, model::Span& span) {
  BuildHttpClientSpan(event, target.options, target.resource, target.types.get(), wall_clock_, span);
}

void SpanAssembler::Build(const events::GrpcEvent& event, const TargetInfo& target, model::Span& span) {
  BuildGrpcSpan(event, target.options.semconv.rpc, target.resource, target.types.get(), wall_clock_, span);
  grpc_request_metadata_.AddTo(event.captured, target.options.semconv.rpc, span);
  if (event.service_type_vaddr && target.code != nullptr && !event.method.cut) {
    const std::string_view path = event.method.text;
    AddHandler(target.code->MethodOf(*event.service_type_vaddr, path.substr(path.rfind('/') + 1)), span.attributes);
  }
}

void SpanAssembler::Build(const events::KafkaEvent& event, const TargetInfo& target, model::Span& span) {
  BuildKafkaSpan(event, target.options.semconv.messaging, target.resource, target.types.get(), wall_clock_, span);
}

void SpanAssembler::Build(const events::DatabaseEvent& event, const TargetInfo& target, model::Span& span) {
  events::DatabaseEvent named = event;
  std::string error_type;
  std::string error_number;
  if (target.types != nullptr) {
    named.driver_type.text = target.types->Find(event.driver_type_vaddr.value_or(0));
  }
  if (event.function_vaddr && target.code != nullptr) {
    if (const model::CodeLocation* function = target.code->FunctionAt(*event.function_vaddr)) {
      named.function.text = function->function;
    }
  }
  if (named.error.has_value()) {
    error_type = named.error->is_panic ? "panic" : GoErrorType(target.types.get(), named.error->type_vaddr.value_or(0));
    named.error->type_name.text = error_type;
    if (named.error->number.has_value()) {
      error_number = fmt::format("{}", *named.error->number);
      named.error->code.text = error_number;
    }
  }
  database_.Build(named,
                  {.include_statement = target.options.include_db_statement,
                   .parse_statement = target.options.parse_db_statement,
                   .mode = target.options.semconv.database},
                  target.resource, wall_clock_, span);
}

absl::Status SpanAssembler::AssembleApi(const events::ApiEvent& event, const TargetInfo& target,
                                        std::vector<model::Span>& spans) {
  absl::StatusOr<std::optional<model::Span>> span = api_.Take(event, target, wall_clock_);
  if (!span.ok()) {
    counters_->Add(Counter::kRecordsMalformed);
    return span.status();
  }
  if (span->has_value() && Finish(target, **span)) {
    spans.push_back(**std::move(span));
  }
  return absl::OkStatus();
}

bool SpanAssembler::Finish(const TargetInfo& target, model::Span& span) {
  if (model::MatchesAny(target.options.excluded_names, span.name)) {
    counters_->Add(Counter::kSpansExcluded);
    return false;
  }
  ApplyLimits(target.options.limits, span);
  counters_->Add(Counter::kSpansAssembled);
  return true;
}

void SpanAssembler::KeepException(const events::PanicEvent& panic, const TargetInfo& target) {
  if (auto exception = BuildExceptionEvent(panic, target.code.get(), wall_clock_)) {
    counters_->Add(Counter::kExceptionsDropped, exceptions_.Add(panic.header.span_id, *std::move(exception)));
  }
}

absl::Status SpanAssembler::Assemble(std::span<const std::byte> record, std::vector<model::Span>& spans) {
  counters_->Add(Counter::kRecordsRead);
  const absl::StatusOr<events::Event> event = events::ReadRecord(record);
  if (!event.ok()) {
    counters_->Add(Counter::kRecordsMalformed);
    return event.status();
  }
  const events::EventHeader& header = events::HeaderOf(*event);
  const TargetKey key{header.target_slot, header.target_generation};
  const TargetInfo* target = FindTarget(key);
  if (target == nullptr) {
    counters_->Add(Counter::kRecordsUnknownTarget);
    return base::MakeStatus(absl::StatusCode::kNotFound, "record of target slot {}, generation {}: not traced",
                            key.slot, key.generation);
  }
  return std::visit(
      [&](const auto& known) {
        using Known = std::decay_t<decltype(known)>;
        if constexpr (std::is_same_v<Known, events::ApiEvent>) {
          return AssembleApi(known, *target, spans);
        } else if constexpr (std::is_same_v<Known, events::PanicEvent>) {
          KeepException(known, *target);
        } else {
          model::Span& span = spans.emplace_back();
          Build(known, *target, span);
          exceptions_.MoveTo(known.header.span_id, span);
          if (!Finish(*target, span)) {
            spans.pop_back();
          }
        }
        return absl::OkStatus();
      },
      *event);
}

}  // namespace nodespan::spans
