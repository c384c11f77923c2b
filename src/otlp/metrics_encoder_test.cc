// SPDX-License-Identifier: Apache-2.0
#include "otlp/metrics_encoder.h"

#include <map>
#include <numeric>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/otlp_metrics_service.pb.h"

namespace nodespan::otlp {
namespace {

namespace pb = opentelemetry::proto;
using exporting::DurationHistogram;
using exporting::SpanSeries;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using Request = pb::collector::metrics::v1::ExportMetricsServiceRequest;

constexpr uint64_t kCountedSince = 1'700'000'000'000'000'000;
constexpr uint64_t kReadAt = kCountedSince + 60'000'000'000;

DurationHistogram Histogram(uint64_t fast, uint64_t endless) {
  DurationHistogram histogram;
  histogram.counts.front() = fast;
  histogram.counts.back() = endless;
  histogram.sum_seconds = 0.5;
  return histogram;
}

SpanSeries Series(std::string service, std::string name) {
  return {.service_namespace = service == "cart" ? "shop" : "",
          .service_name = std::move(service),
          .span_name = std::move(name),
          .kind = model::SpanKind::kServer,
          .status = model::StatusCode::kError};
}

std::vector<Request> Encode(const exporting::SpanMetrics::Snapshot& snapshot, std::string node_name = {}) {
  std::vector<Request> requests;
  for (const WireBuffer& bytes : EncodeSpanMetrics(
           snapshot, {.host_name = "host", .node_name = std::move(node_name), .start_unix_ns = kCountedSince},
           kReadAt)) {
    EXPECT_LT(bytes.size, size_t{4} << 20);
    Request& request = requests.emplace_back();
    EXPECT_TRUE(request.ParseFromArray(bytes.data.get(), static_cast<int>(bytes.size)));
  }
  return requests;
}

template <typename Attributes>
std::map<std::string, std::string> Map(const Attributes& attributes) {
  std::map<std::string, std::string> map;
  for (const auto& attribute : attributes) {
    map[attribute.key()] = attribute.value().has_bool_value() ? "bool" : attribute.value().string_value();
  }
  return map;
}

TEST(MetricsEncoderTest, NothingCountedIsNothingToSend) { EXPECT_TRUE(Encode({}).empty()); }

TEST(MetricsEncoderTest, EveryServiceHasItsResource) {
  const std::vector<Request> requests = Encode({.series = {{Series("ads", "GET /"), Histogram(1, 0)},
                                                           {Series("cart", "GET /a"), Histogram(2, 3)},
                                                           {Series("cart", "GET /b"), Histogram(1, 0)}},
                                                .overflow = {}},
                                               "node-7");
  ASSERT_EQ(requests.size(), 1U);
  ASSERT_EQ(requests[0].resource_metrics_size(), 2);
  const auto& cart = requests[0].resource_metrics(1);
  EXPECT_THAT(Map(cart.resource().attributes()),
              UnorderedElementsAre(Pair("service.name", "cart"), Pair("service.namespace", "shop"),
                                   Pair("service.instance.id", "host"), Pair("host.name", "host"),
                                   Pair("k8s.node.name", "node-7")));
  EXPECT_THAT(Map(requests[0].resource_metrics(0).resource().attributes()),
              ::testing::Not(::testing::Contains(::testing::Key("service.namespace"))));
  ASSERT_EQ(cart.scope_metrics_size(), 1);
  EXPECT_EQ(cart.scope_metrics(0).scope().name(), "nodespan");
  ASSERT_EQ(cart.scope_metrics(0).metrics_size(), 2);

  const auto& calls = cart.scope_metrics(0).metrics(0);
  EXPECT_EQ(calls.name(), "traces.span.metrics.calls");
  EXPECT_TRUE(calls.sum().is_monotonic());
  EXPECT_EQ(calls.sum().aggregation_temporality(), pb::metrics::v1::AGGREGATION_TEMPORALITY_CUMULATIVE);
  ASSERT_EQ(calls.sum().data_points_size(), 2);
  const auto& point = calls.sum().data_points(0);
  EXPECT_EQ(point.as_int(), 5);
  EXPECT_EQ(point.start_time_unix_nano(), kCountedSince);
  EXPECT_EQ(point.time_unix_nano(), kReadAt);
  EXPECT_THAT(Map(point.attributes()),
              UnorderedElementsAre(Pair("span.name", "GET /a"), Pair("span.kind", "SPAN_KIND_SERVER"),
                                   Pair("status.code", "STATUS_CODE_ERROR")));

  const auto& duration = cart.scope_metrics(0).metrics(1);
  EXPECT_EQ(duration.name(), "traces.span.metrics.duration");
  EXPECT_EQ(duration.unit(), "s");
  EXPECT_EQ(duration.histogram().aggregation_temporality(), pb::metrics::v1::AGGREGATION_TEMPORALITY_CUMULATIVE);
  ASSERT_EQ(duration.histogram().data_points_size(), 2);
  const auto& histogram = duration.histogram().data_points(0);
  EXPECT_EQ(histogram.count(), 5U);
  EXPECT_EQ(histogram.sum(), 0.5);
  EXPECT_THAT(histogram.explicit_bounds(), ::testing::ElementsAreArray(exporting::kDurationBounds));
  ASSERT_EQ(histogram.bucket_counts_size(), histogram.explicit_bounds_size() + 1);
  EXPECT_EQ(histogram.bucket_counts(0), 2U);
  EXPECT_EQ(histogram.bucket_counts(histogram.bucket_counts_size() - 1), 3U);
  EXPECT_EQ(Map(histogram.attributes()), Map(point.attributes()));
}

TEST(MetricsEncoderTest, WhatIsBeyondTheLimitIsMarkedAndHasNoService) {
  const std::vector<Request> requests = Encode({.series = {}, .overflow = Histogram(7, 0)});
  ASSERT_EQ(requests.size(), 1U);
  ASSERT_EQ(requests[0].resource_metrics_size(), 1);
  const auto& metrics = requests[0].resource_metrics(0);
  EXPECT_THAT(Map(metrics.resource().attributes()),
              UnorderedElementsAre(Pair("service.instance.id", "host"), Pair("host.name", "host")));
  const auto& point = metrics.scope_metrics(0).metrics(0).sum().data_points(0);
  EXPECT_EQ(point.as_int(), 7);
  EXPECT_THAT(Map(point.attributes()), ElementsAre(Pair("otel.metric.overflow", "bool")));
}

TEST(MetricsEncoderTest, ManySeriesAreSplitBelowTheLimitOfARequest) {
  exporting::SpanMetrics::Snapshot snapshot;
  for (size_t i = 0; i < 3 * kSeriesPerRequest + 1; ++i) {
    snapshot.series.push_back({Series("s" + std::to_string(i / 7), std::string(1024, 'n')), Histogram(1, 0)});
  }
  const std::vector<Request> requests = Encode(snapshot);
  EXPECT_EQ(requests.size(), 4U);
  int points = 0;
  for (const Request& request : requests) {
    for (const auto& metrics : request.resource_metrics()) {
      points += metrics.scope_metrics(0).metrics(0).sum().data_points_size();
    }
  }
  EXPECT_EQ(points, static_cast<int>(snapshot.series.size()));
}

}  // namespace
}  // namespace nodespan::otlp
