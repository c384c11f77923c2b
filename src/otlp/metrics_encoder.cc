// SPDX-License-Identifier: Apache-2.0
#include "otlp/metrics_encoder.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "model/version.h"
#include "proto/otlp_metrics_service.pb.h"

namespace nodespan::otlp {
namespace {

namespace pb = opentelemetry::proto;
using exporting::DurationHistogram;
using exporting::SpanSeries;
using Attributes = google::protobuf::RepeatedPtrField<pb::common::v1::KeyValue>;
using Request = pb::collector::metrics::v1::ExportMetricsServiceRequest;
using Entry = std::pair<SpanSeries, DurationHistogram>;

constexpr auto kCumulative = pb::metrics::v1::AGGREGATION_TEMPORALITY_CUMULATIVE;

void Add(Attributes& attributes, std::string_view key, std::string_view text) {
  pb::common::v1::KeyValue& attribute = *attributes.Add();
  attribute.set_key(std::string(key));
  attribute.mutable_value()->set_string_value(std::string(text));
}

// The metrics of one service, to which points are added.
class ServiceMetrics {
 public:
  ServiceMetrics(Request& request, const MetricsIdentity& identity, uint64_t now_unix_ns)
      : start_unix_ns_(identity.start_unix_ns), now_unix_ns_(now_unix_ns), resource_(request.add_resource_metrics()) {
    Attributes& attributes = *resource_->mutable_resource()->mutable_attributes();
    Add(attributes, "service.instance.id", identity.host_name);
    Add(attributes, "host.name", identity.host_name);
    if (!identity.node_name.empty()) {
      Add(attributes, "k8s.node.name", identity.node_name);
    }
    pb::metrics::v1::ScopeMetrics& scope = *resource_->add_scope_metrics();
    scope.mutable_scope()->set_name("nodespan");
    scope.mutable_scope()->set_version(std::string(model::kVersion));
    pb::metrics::v1::Metric& calls = *scope.add_metrics();
    calls.set_name("traces.span.metrics.calls");
    calls.set_description("Operations of traced programs, sampled or not.");
    calls.set_unit("1");
    calls_ = calls.mutable_sum();
    calls_->set_aggregation_temporality(kCumulative);
    calls_->set_is_monotonic(true);
    pb::metrics::v1::Metric& durations = *scope.add_metrics();
    durations.set_name("traces.span.metrics.duration");
    durations.set_description("How long they took.");
    durations.set_unit("s");
    durations_ = durations.mutable_histogram();
    durations_->set_aggregation_temporality(kCumulative);
  }

  Attributes& resource_attributes() { return *resource_->mutable_resource()->mutable_attributes(); }

  void AddPoints(const DurationHistogram& histogram, const Attributes& attributes) {
    pb::metrics::v1::NumberDataPoint& calls = *calls_->add_data_points();
    calls.set_start_time_unix_nano(start_unix_ns_);
    calls.set_time_unix_nano(now_unix_ns_);
    calls.set_as_int(static_cast<int64_t>(histogram.count()));
    *calls.mutable_attributes() = attributes;
    pb::metrics::v1::HistogramDataPoint& duration = *durations_->add_data_points();
    duration.set_start_time_unix_nano(start_unix_ns_);
    duration.set_time_unix_nano(now_unix_ns_);
    duration.set_count(histogram.count());
    duration.set_sum(histogram.sum_seconds);
    duration.mutable_bucket_counts()->Add(histogram.counts.begin(), histogram.counts.end());
    duration.mutable_explicit_bounds()->Add(exporting::kDurationBounds.begin(), exporting::kDurationBounds.end());
    *duration.mutable_attributes() = attributes;
  }

 private:
  const uint64_t start_unix_ns_;
  const uint64_t now_unix_ns_;
  pb::metrics::v1::ResourceMetrics* const resource_;  // all three: the request's
  pb::metrics::v1::Sum* calls_;
  pb::metrics::v1::Histogram* durations_;
};

bool IsSameService(const SpanSeries& a, const SpanSeries& b) {
  return a.service_namespace == b.service_namespace && a.service_name == b.service_name;
}

// `entries` are in the order of their labels, so that those of a service stand together.
void AddSeries(Request& request, std::span<const Entry> entries, const MetricsIdentity& identity,
               uint64_t now_unix_ns) {
  for (auto begin = entries.begin(); begin != entries.end();) {
    const auto end = std::find_if(begin, entries.end(),
                                  [&](const Entry& entry) { return !IsSameService(entry.first, begin->first); });
    ServiceMetrics service(request, identity, now_unix_ns);
    Add(service.resource_attributes(), "service.name", begin->first.service_name);
    if (!begin->first.service_namespace.empty()) {
      Add(service.resource_attributes(), "service.namespace", begin->first.service_namespace);
    }
    for (const auto& [series, histogram] : std::span(begin, end)) {
      Attributes attributes;
      Add(attributes, "span.name", series.span_name);
      Add(attributes, "span.kind", exporting::ToText(series.kind));
      Add(attributes, "status.code", exporting::ToText(series.status));
      service.AddPoints(histogram, attributes);
    }
    begin = end;
  }
}

void AddOverflow(Request& request, const DurationHistogram& histogram, const MetricsIdentity& identity,
                 uint64_t now_unix_ns) {
  Attributes attributes;
  pb::common::v1::KeyValue& mark = *attributes.Add();
  mark.set_key("otel.metric.overflow");
  mark.mutable_value()->set_bool_value(true);
  ServiceMetrics(request, identity, now_unix_ns).AddPoints(histogram, attributes);
}

WireBuffer Bytes(const Request& request) {
  WireBuffer buffer{std::make_unique_for_overwrite<uint8_t[]>(request.ByteSizeLong()), request.ByteSizeLong()};
  request.SerializeToArray(buffer.data.get(), static_cast<int>(buffer.size));
  return buffer;
}

}  // namespace

std::vector<WireBuffer> EncodeSpanMetrics(const exporting::SpanMetrics::Snapshot& snapshot,
                                          const MetricsIdentity& identity, uint64_t now_unix_ns) {
  std::vector<WireBuffer> requests;
  std::span<const Entry> rest = snapshot.series;
  bool has_overflow = snapshot.overflow.count() > 0;
  while (!rest.empty() || has_overflow) {
    Request request;
    if (std::exchange(has_overflow, false)) {
      AddOverflow(request, snapshot.overflow, identity, now_unix_ns);
    }
    const size_t count = std::min(rest.size(), kSeriesPerRequest);
    AddSeries(request, rest.first(count), identity, now_unix_ns);
    rest = rest.subspan(count);
    requests.push_back(Bytes(request));
  }
  return requests;
}

}  // namespace nodespan::otlp
