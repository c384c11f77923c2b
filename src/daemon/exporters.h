// SPDX-License-Identifier: Apache-2.0
// From the configuration to the exporters it asks for.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "export/batch_processor.h"
#include "export/span_metrics.h"
#include "metrics/counters.h"
#include "otlp/metrics_encoder.h"
#include "otlp/metrics_exporter.h"

namespace nodespan::daemon {

// Exporters to standard output are live: without a collector among them, spans wait at most a quarter of a second.
// `counters` outlives the result. An error names what in the configuration cannot be used.
absl::StatusOr<std::unique_ptr<exporting::BatchProcessor>> MakeBatchProcessor(const config::Config& config,
                                                                              metrics::Counters* counters);

// Null when span metrics do not go to a collector. `metrics` and `counters` outlive the result.
absl::StatusOr<std::unique_ptr<otlp::MetricsExporter>> MakeMetricsExporter(const config::MetricsOptions& options,
                                                                           const otlp::MetricsIdentity& identity,
                                                                           const exporting::SpanMetrics* metrics,
                                                                           metrics::Counters* counters);

}  // namespace nodespan::daemon
