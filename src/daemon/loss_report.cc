// SPDX-License-Identifier: Apache-2.0
#include "daemon/loss_report.h"

#include <string_view>
#include <utility>

#include "bpf/abi/nodespan_abi.h"
#include "fmt/format.h"

namespace nodespan::daemon {

std::string LossReport(const metrics::Counters& counters, const attach::KernelCounters& kernel) {
  using metrics::Counter;
  // Each is one operation without a delivered span.
  const std::pair<std::string_view, uint64_t> losses[] = {
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
  uint64_t lost = 0;
  std::string reasons;
  for (const auto& [name, count] : losses) {
    lost += count;
    if (count > 0) {
      reasons += fmt::format("{}{}={}", reasons.empty() ? "" : " ", name, count);
    }
  }
  return fmt::format("spans: exported={} lost={}{} unsampled={}", counters.Get(Counter::kSpansExported), lost,
                     reasons.empty() ? "" : fmt::format(" ({})", reasons), kernel[NS_COUNT_OPS_UNSAMPLED]);
}

}  // namespace nodespan::daemon
