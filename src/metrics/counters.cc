// SPDX-License-Identifier: Apache-2.0
#include "metrics/counters.h"

namespace nodespan::metrics {
namespace {

constexpr std::array<CounterInfo, static_cast<size_t>(Counter::kCount)> kInfo = {{
    {"spans_assembled_total", "Spans built from kernel records."},
    {"spans_excluded_total", "Spans left out because of their name."},
    {"spans_exported_total", "Spans an exporter delivered."},
    {"spans_dropped_queue_full_total", "Oldest spans pushed out of the full export queue."},
    {"spans_dropped_export_total", "Spans given up after a non-retryable answer or too many tries."},
    {"spans_dropped_shutdown_total", "Spans still queued when the time for the final flush was over."},
    {"spans_rejected_total", "Spans the collector refused in a partial success."},
    {"export_requests_total", "Export calls made, retries included."},
    {"export_retries_total", "Export calls repeated after a retryable answer."},
    {"metric_exports_total", "Requests with span metrics sent to a collector."},
    {"metric_exports_failed_total", "Requests with span metrics that the collector did not take, or not wholly."},
    {"records_read_total", "Records taken from the kernel ring buffer."},
    {"records_malformed_total", "Kernel records with a wrong size, version or type."},
    {"records_unknown_target_total", "Kernel records of a process that is no longer known."},
    {"operations_abandoned_total", "Operations in flight when their process ended or was released."},
    {"api_spans_abandoned_total", "Spans of the OpenTelemetry API given up because their program did not end them."},
    {"exec_events_total", "Processes that appeared, told by the kernel."},
    {"exit_events_total", "Processes that ended, told by the kernel."},
    {"process_events_missed_total", "Process events that the kernel lost or that the sweep found instead."},
    {"processes_scanned_total", "Executables looked at."},
    {"targets_attached_total", "Processes that were attached to."},
    {"targets_detached_total", "Processes that were detached from."},
    {"targets_refused_total", "Selected Go processes that could not be traced."},
    {"targets_mismatched_total", "Refused processes whose memory did not show the file that was inspected."},
    {"binaries_inspected_total", "Executables that were read as a whole."},
    {"binaries_recognized_total", "Executables recognised as having the content of one that was inspected."},
    {"exceptions_dropped_total", "Panics whose span did not come in time."},
    {"pod_lists_total", "Complete lists of the pods of this node."},
    {"pod_source_errors_total", "Failed requests for pods, to the API server or the container runtime."},
    {"pods_malformed_total", "Pods, and events about pods, that could not be read."},
    {"pods_left_out_total", "Times a pod did not fit into the bound of memory for pods."},
    {"container_events_total", "What the container runtime told of containers that come and go."},
    {"container_event_errors_total",
     "Times the container runtime refused to tell of containers, or ceased to; it is polled nevertheless."},
    {"namespace_lists_total", "Complete lists of namespaces."},
    {"namespace_errors_total", "Failed requests for namespaces; where the right to read them is not given, every one."},
    {"namespaces_malformed_total", "Namespaces, and events about namespaces, that could not be read."},
    {"namespaces_left_out_total", "Times an annotated namespace did not fit into the bound of memory for namespaces."},
    {"instrumentation_lists_total", "Complete lists of Instrumentation resources."},
    {"instrumentation_errors_total",
     "Failed requests for Instrumentation resources; where they are not there or may not be read, every one."},
    {"instrumentations_malformed_total", "Instrumentation resources, and events about them, that could not be read."},
    {"instrumentations_left_out_total",
     "Times an Instrumentation resource did not fit into the bound of memory for them."},
}};

}  // namespace

const CounterInfo& Describe(Counter counter) { return kInfo[static_cast<size_t>(counter)]; }

}  // namespace nodespan::metrics
