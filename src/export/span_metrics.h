// SPDX-License-Identifier: Apache-2.0
// Request counts, errors and durations of operations, taken from their spans before the sampler's choice counts: the
// metrics `traces.span.metrics.*` of the OpenTelemetry Collector's span metrics connector.
//
// Memory is bounded: a combination of labels beyond the limit goes into one series of its own, marked with the
// attribute that OpenTelemetry SDKs use for this, `otel.metric.overflow`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "model/span.h"

namespace nodespan::exporting {

// Upper bounds of histogram buckets in seconds, those of the semantic conventions for http.server.request.duration.
inline constexpr std::array<double, 14> kDurationBounds = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                                           0.5,   0.75, 1,     2.5,  5,     7.5, 10};

struct DurationHistogram {
  std::array<uint64_t, kDurationBounds.size() + 1> counts{};  // by bucket, each for itself; the last has no bound
  double sum_seconds = 0;

  uint64_t count() const;
};

struct SpanSeries {
  std::string service_namespace;  // empty: the resource has none
  std::string service_name;
  std::string span_name;
  model::SpanKind kind = model::SpanKind::kInternal;
  model::StatusCode status = model::StatusCode::kUnset;

  bool operator==(const SpanSeries&) const = default;
  template <typename H>
  friend H AbslHashValue(H state, const SpanSeries& series) {
    return H::combine(std::move(state), series.service_namespace, series.service_name, series.span_name, series.kind,
                      series.status);
  }
};

std::string_view ToText(model::SpanKind kind);      // "SPAN_KIND_SERVER"
std::string_view ToText(model::StatusCode status);  // "STATUS_CODE_ERROR"

// Any thread.
class SpanMetrics {
 public:
  explicit SpanMetrics(size_t max_series = 2000) : max_series_(max_series) {}

  void Observe(const model::Span& span);

  struct Snapshot {
    std::vector<std::pair<SpanSeries, DurationHistogram>> series;  // in the order of their labels
    DurationHistogram overflow;                                    // of everything beyond the limit
  };
  Snapshot Read() const;

 private:
  const size_t max_series_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<SpanSeries, DurationHistogram> series_ ABSL_GUARDED_BY(mutex_);
  DurationHistogram overflow_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nodespan::exporting
