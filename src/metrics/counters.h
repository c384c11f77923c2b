// SPDX-License-Identifier: Apache-2.0
// The daemon's own counters. Nothing is lost without one of these being incremented.
//
// Thread: every method may be called from any thread. Counters only ever grow; relaxed ordering is enough, because
// each value is read on its own for display and never guards other data.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nodespan::metrics {

enum class Counter : uint8_t {
  kSpansAssembled,         // spans built from kernel records
  kSpansExcluded,          // spans left out because of their name
  kSpansExported,          // spans an exporter delivered
  kSpansDroppedQueueFull,  // oldest spans pushed out of the export queue
  kSpansDroppedExport,     // spans given up after a non-retryable answer or too many tries
  kSpansDroppedShutdown,   // spans still queued when the shutdown time was over
  kSpansRejected,          // spans the collector refused in a partial success
  kExportRequests,         // export calls made, retries included
  kExportRetries,          // export calls repeated after a retryable answer
  kMetricExports,          // requests with span metrics sent to a collector
  kMetricExportsFailed,    // of those: not taken, or not wholly
  kRecordsRead,            // records taken from the ring
  kRecordsMalformed,       // records with a wrong size, version or type
  kRecordsUnknownTarget,   // records of a process that is no longer known
  kOperationsAbandoned,    // operations in flight when their process ended or was released
  kApiSpansAbandoned,      // spans of the OpenTelemetry API that their program did not end
  kExecEvents,             // processes that appeared, told by the kernel
  kExitEvents,             // processes that ended, told by the kernel
  kProcessEventsMissed,    // exec or exit events lost, or found by the sweep instead
  kProcessesScanned,       // executables looked at
  kTargetsAttached,        // processes traced so far
  kTargetsDetached,
  kTargetsRefused,             // Go processes that were selected and could not be traced
  kTargetsMismatched,          // of those: their memory did not show the file that was inspected
  kBinariesInspected,          // executables read as a whole
  kBinariesRecognized,         // executables that have the content of one that was inspected
  kExceptionsDropped,          // panics whose span did not come in time
  kPodLists,                   // complete lists of this node's pods
  kPodSourceErrors,            // failed requests for pods
  kPodsMalformed,              // pods and events about them that could not be read
  kPodsLeftOut,                // pods beyond the bound of memory
  kContainerEvents,            // what the container runtime told of containers
  kContainerEventErrors,       // streams of such events that were refused or broke
  kNamespaceLists,             // complete lists of namespaces
  kNamespaceErrors,            // failed requests for namespaces; a refused one, which is no harm, is one of them
  kNamespacesMalformed,        // namespaces and events about them that could not be read
  kNamespacesLeftOut,          // namespaces with an annotation, beyond the bound of memory
  kInstrumentationLists,       // complete lists of Instrumentation resources
  kInstrumentationErrors,      // failed requests for them; those that are refused, which is no harm, among them
  kInstrumentationsMalformed,  // such resources, and events about them, that could not be read
  kInstrumentationsLeftOut,    // such resources beyond the bound of memory
  kCount,                      // not a counter: their number
};

struct CounterInfo {
  std::string_view name;  // Prometheus name without the "nodespan_" prefix
  std::string_view help;
};

// Name and help text of `counter`.
const CounterInfo& Describe(Counter counter);

class Counters {
 public:
  void Add(Counter counter, uint64_t count = 1) {
    values_[static_cast<size_t>(counter)].fetch_add(count, std::memory_order_relaxed);
  }
  uint64_t Get(Counter counter) const { return values_[static_cast<size_t>(counter)].load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<uint64_t>, static_cast<size_t>(Counter::kCount)> values_{};
};

}  // namespace nodespan::metrics
