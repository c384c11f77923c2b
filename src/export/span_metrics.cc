// SPDX-License-Identifier: Apache-2.0
#include "export/span_metrics.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace nodespan::exporting {
namespace {

void Add(DurationHistogram& histogram, double seconds) {
  const auto bucket = std::lower_bound(kDurationBounds.begin(), kDurationBounds.end(), seconds);
  ++histogram.counts[static_cast<size_t>(bucket - kDurationBounds.begin())];
  histogram.sum_seconds += seconds;
}

SpanSeries SeriesOf(const model::Span& span) {
  SpanSeries series{
      .service_namespace = {}, .service_name = {}, .span_name = span.name, .kind = span.kind, .status = span.status};
  for (const model::ResourceAttribute& attribute : span.resource->attributes) {
    const auto* text = std::get_if<std::string>(&attribute.value);
    if (text != nullptr && attribute.key == "service.name") {
      series.service_name = *text;
    } else if (text != nullptr && attribute.key == "service.namespace") {
      series.service_namespace = *text;
    }
  }
  return series;
}

auto Labels(const SpanSeries& series) {
  return std::tie(series.service_namespace, series.service_name, series.span_name, series.kind, series.status);
}

}  // namespace

uint64_t DurationHistogram::count() const { return std::accumulate(counts.begin(), counts.end(), uint64_t{0}); }

std::string_view ToText(model::SpanKind kind) {
  switch (kind) {
    case model::SpanKind::kInternal: return "SPAN_KIND_INTERNAL";
    case model::SpanKind::kServer: return "SPAN_KIND_SERVER";
    case model::SpanKind::kClient: return "SPAN_KIND_CLIENT";
    case model::SpanKind::kProducer: return "SPAN_KIND_PRODUCER";
    case model::SpanKind::kConsumer: return "SPAN_KIND_CONSUMER";
  }
  return "SPAN_KIND_UNSPECIFIED";
}

std::string_view ToText(model::StatusCode status) {
  switch (status) {
    case model::StatusCode::kUnset: return "STATUS_CODE_UNSET";
    case model::StatusCode::kOk: return "STATUS_CODE_OK";
    case model::StatusCode::kError: return "STATUS_CODE_ERROR";
  }
  return "STATUS_CODE_UNSET";
}

void SpanMetrics::Observe(const model::Span& span) {
  SpanSeries series = SeriesOf(span);
  const uint64_t duration_ns = span.end_unix_ns >= span.start_unix_ns ? span.end_unix_ns - span.start_unix_ns : 0;
  const double seconds = static_cast<double>(duration_ns) * 1e-9;
  absl::MutexLock lock(&mutex_);
  if (const auto it = series_.find(series); it != series_.end()) {
    Add(it->second, seconds);
  } else if (series_.size() < max_series_) {
    Add(series_[std::move(series)], seconds);
  } else {
    Add(overflow_, seconds);
  }
}

SpanMetrics::Snapshot SpanMetrics::Read() const {
  Snapshot snapshot;
  {
    absl::MutexLock lock(&mutex_);
    snapshot.series.assign(series_.begin(), series_.end());
    snapshot.overflow = overflow_;
  }
  std::sort(snapshot.series.begin(), snapshot.series.end(),
            [](const auto& a, const auto& b) { return Labels(a.first) < Labels(b.first); });
  return snapshot;
}

}  // namespace nodespan::exporting
