// SPDX-License-Identifier: Apache-2.0
// Metrics of operations in Prometheus' text format.
#pragma once

#include <string>

#include "export/span_metrics.h"

namespace nodespan::daemon {

// traces_span_metrics_calls_total and traces_span_metrics_duration_seconds, named as an OpenTelemetry Collector names
// the metrics of its span metrics connector for Prometheus. Any thread.
std::string RenderSpanMetrics(const exporting::SpanMetrics& metrics);

}  // namespace nodespan::daemon
