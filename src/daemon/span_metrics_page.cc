// SPDX-License-Identifier: Apache-2.0
#include "daemon/span_metrics_page.h"

#include <limits>
#include <utility>
#include <vector>

#include "prometheus/metric_family.h"
#include "prometheus/text_serializer.h"

namespace nodespan::daemon {
namespace {

using exporting::DurationHistogram;
using exporting::SpanSeries;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

Labels LabelsOf(const SpanSeries& series) {
  Labels labels = {{"service_name", series.service_name},
                   {"span_name", series.span_name},
                   {"span_kind", std::string(exporting::ToText(series.kind))},
                   {"status_code", std::string(exporting::ToText(series.status))}};
  if (!series.service_namespace.empty()) {
    labels.push_back({"service_namespace", series.service_namespace});
  }
  return labels;
}

ClientMetric Calls(const DurationHistogram& histogram, Labels labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = static_cast<double>(histogram.count());
  return metric;
}

ClientMetric Duration(const DurationHistogram& histogram, Labels labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.histogram.sample_count = histogram.count();
  metric.histogram.sample_sum = histogram.sum_seconds;
  uint64_t cumulative = 0;
  for (size_t i = 0; i < histogram.counts.size(); ++i) {
    cumulative += histogram.counts[i];
    metric.histogram.bucket.push_back({.cumulative_count = cumulative,
                                       .upper_bound = i < exporting::kDurationBounds.size()
                                                          ? exporting::kDurationBounds[i]
                                                          : std::numeric_limits<double>::infinity()});
  }
  return metric;
}

}  // namespace

std::string RenderSpanMetrics(const exporting::SpanMetrics& metrics) {
  const exporting::SpanMetrics::Snapshot snapshot = metrics.Read();
  MetricFamily calls = {.name = "traces_span_metrics_calls_total",
                        .help = "Operations of traced programs, sampled or not.",
                        .type = MetricType::Counter,
                        .metric = {}};
  MetricFamily durations = {.name = "traces_span_metrics_duration_seconds",
                            .help = "How long they took.",
                            .type = MetricType::Histogram,
                            .metric = {}};
  const auto add = [&](const DurationHistogram& histogram, const Labels& labels) {
    calls.metric.push_back(Calls(histogram, labels));
    durations.metric.push_back(Duration(histogram, labels));
  };
  for (const auto& [series, histogram] : snapshot.series) {
    add(histogram, LabelsOf(series));
  }
  if (snapshot.overflow.count() > 0) {
    add(snapshot.overflow, {{"otel_metric_overflow", "true"}});
  }
  return prometheus::TextSerializer().Serialize({std::move(calls), std::move(durations)});
}

}  // namespace nodespan::daemon
