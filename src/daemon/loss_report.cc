// SPDX-License-Identifier: Apache-2.0
#include "daemon/loss_report.h"

#include <span>
#include "bpf/abi/nodespan_abi.h"
#include "fmt/format.h"

namespace nodespan::daemon {

namespace {

// "name=count name=count" of those that are not zero.
std::string NonZero(std::span<const NamedCount> counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    if (count > 0) {
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, count);
    }
  }
  return text;
}

}  // namespace

std::vector<NamedCount> Details(const metrics::Counters& counters, const attach::KernelCounters& kernel) {
  using metrics::Counter;
  return {
      {"headers_cut", kernel[NS_LOSS_HEADERS_CUT]},
      {"field_unreadable", kernel[NS_LOSS_FIELD_UNREADABLE]},
      {"bad_traceparent", kernel[NS_LOSS_BAD_TRACEPARENT]},
      {"batch_cut", kernel[NS_LOSS_BATCH_CUT]},
      {"context_type_unknown", kernel[NS_LOSS_CONTEXT_TYPE]},
      {"context_too_deep", kernel[NS_LOSS_CONTEXT_DEPTH]},
      {"parent_not_noted", kernel[NS_LOSS_PARENT_MAP_FULL]},
      {"root_unknown", kernel[NS_COUNT_ROOT_UNKNOWN]},
      {"creator_unsure", kernel[NS_COUNT_CREATOR_UNSURE]},
      {"panics_outside", kernel[NS_COUNT_PANICS_OUTSIDE]},
      {"exceptions_dropped", counters.Get(Counter::kExceptionsDropped)},
      {"propagation_unknown", kernel[NS_LOSS_PROPAGATION_UNKNOWN]},
      {"propagation_unseen", kernel[NS_LOSS_PROPAGATION_UNSEEN]},
      {"propagation_no_room", kernel[NS_LOSS_PROPAGATION_NO_ROOM]},
      {"propagation_unwritable", kernel[NS_LOSS_PROPAGATION_UNWRITABLE]},
      {"api_spans_not_ended", counters.Get(Counter::kApiSpansAbandoned)},
  };
}

std::vector<NamedCount> Losses(const metrics::Counters& counters, const attach::KernelCounters& kernel) {
  using metrics::Counter;
  return {
      {"ring_full", kernel[NS_LOSS_RING_FULL]},
      {"inflight_full", kernel[NS_LOSS_INFLIGHT_FULL]},
      {"unreadable", kernel[NS_LOSS_READ_FAILED]},
      {"end_not_seen", kernel[NS_LOSS_SUPERSEDED]},
      {"no_scratch", kernel[NS_LOSS_NO_SCRATCH]},
      {"unknown_protocol", kernel[NS_LOSS_UNKNOWN_WRITER]},
      {"unfinished", counters.Get(Counter::kOperationsAbandoned)},
      {"malformed", counters.Get(Counter::kRecordsMalformed)},
      {"unknown_target", counters.Get(Counter::kRecordsUnknownTarget)},
      {"queue_full", counters.Get(Counter::kSpansDroppedQueueFull)},
      {"export_failed", counters.Get(Counter::kSpansDroppedExport)},
      {"shutdown", counters.Get(Counter::kSpansDroppedShutdown)},
      {"rejected", counters.Get(Counter::kSpansRejected)},
  };
}

std::string DetailReport(const metrics::Counters& counters, const attach::KernelCounters& kernel) {
  return NonZero(Details(counters, kernel));
}

std::string LossReport(const metrics::Counters& counters, const attach::KernelCounters& kernel) {
  const std::vector<NamedCount> losses = Losses(counters, kernel);
  uint64_t lost = 0;
  for (const auto& [name, count] : losses) {
    lost += count;
  }
  const std::string reasons = NonZero(losses);
  return fmt::format("spans: exported={} lost={}{} unsampled={} excluded={}",
                     counters.Get(metrics::Counter::kSpansExported), lost,
                     reasons.empty() ? "" : fmt::format(" ({})", reasons), kernel[NS_COUNT_OPS_UNSAMPLED],
                     kernel[NS_COUNT_OPS_EXCLUDED] + counters.Get(metrics::Counter::kSpansExcluded));
}

}  // namespace nodespan::daemon
