// SPDX-License-Identifier: Apache-2.0
// Span metrics -> the bytes of OTLP ExportMetricsServiceRequest messages.
//
// Names, units and attributes are those of the OpenTelemetry Collector's span metrics connector: the monotonic,
// cumulative sum traces.span.metrics.calls and the histogram traces.span.metrics.duration in seconds, by span.name,
// span.kind and status.code. Each service has a resource of its own. What is beyond the limit of series has one without
// a service, marked with otel.metric.overflow.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "export/span_metrics.h"
#include "otlp/wire_writer.h"

namespace nodespan::otlp {

struct MetricsIdentity {
  // Of the node. Every node counts for itself, so it is service.instance.id: the series of two nodes must differ.
  std::string host_name;
  std::string node_name;       // k8s.node.name; empty: not in Kubernetes
  uint64_t start_unix_ns = 0;  // since when is counted
};

// At most so many series are in one request, which keeps it below 4 MiB: the names in a series have 1 kB at most.
inline constexpr size_t kSeriesPerRequest = 500;

// None when nothing was counted.
std::vector<WireBuffer> EncodeSpanMetrics(const exporting::SpanMetrics::Snapshot& snapshot,
                                          const MetricsIdentity& identity, uint64_t now_unix_ns);

}  // namespace nodespan::otlp
