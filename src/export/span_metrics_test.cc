// SPDX-License-Identifier: Apache-2.0
#include "export/span_metrics.h"

#include <memory>

#include "fmt/format.h"
#include "gtest/gtest.h"

namespace nodespan::exporting {
namespace {

model::ResourcePtr Service(const std::string& name) {
  auto resource = std::make_shared<model::Resource>();
  resource->attributes = {{"host.name", std::string("node")}, {"service.name", name}};
  return resource;
}

model::Span Named(const std::string& name, double seconds, model::StatusCode status = model::StatusCode::kUnset) {
  static const model::ResourcePtr shop = Service("shop");
  model::Span span;
  span.name = name;
  span.kind = model::SpanKind::kServer;
  span.status = status;
  span.start_unix_ns = 1'700'000'000'000'000'000;
  span.end_unix_ns = span.start_unix_ns + static_cast<uint64_t>(seconds * 1e9);
  span.resource = shop;
  return span;
}

TEST(SpanMetricsTest, SeriesAreByServiceNameKindAndStatus) {
  SpanMetrics metrics;
  metrics.Observe(Named("GET /b", 0.001));
  metrics.Observe(Named("GET /a", 0.001));
  metrics.Observe(Named("GET /a", 0.002));
  metrics.Observe(Named("GET /a", 0.003, model::StatusCode::kError));
  model::Span other = Named("GET /a", 0.001);
  auto resource = std::make_shared<model::Resource>(*Service("cart"));
  resource->attributes.push_back({"service.namespace", std::string("store")});
  other.resource = resource;
  metrics.Observe(other);

  const SpanMetrics::Snapshot snapshot = metrics.Read();
  ASSERT_EQ(snapshot.series.size(), 4U);
  const auto& [first, first_histogram] = snapshot.series[0];
  EXPECT_EQ(first, (SpanSeries{"", "shop", "GET /a", model::SpanKind::kServer, model::StatusCode::kUnset}));
  EXPECT_EQ(first_histogram.count(), 2U);
  EXPECT_DOUBLE_EQ(first_histogram.sum_seconds, 0.003);
  EXPECT_EQ(snapshot.series[1].first.status, model::StatusCode::kError);
  EXPECT_EQ(snapshot.series[2].first.span_name, "GET /b");
  EXPECT_EQ(snapshot.series[3].first.service_namespace, "store");
  EXPECT_EQ(snapshot.overflow.count(), 0U);
}

TEST(SpanMetricsTest, ABoundBelongsToItsBucket) {
  SpanMetrics metrics;
  for (const double seconds : {0.0, 0.005, 0.0051, 10.0, 10.1, 3600.0}) {
    metrics.Observe(Named("GET", seconds));
  }
  model::Span backwards = Named("GET", 1);
  backwards.end_unix_ns = backwards.start_unix_ns - 1;
  metrics.Observe(backwards);
  const DurationHistogram histogram = metrics.Read().series.at(0).second;
  EXPECT_EQ(histogram.counts[0], 3U);
  EXPECT_EQ(histogram.counts[1], 1U);
  EXPECT_EQ(histogram.counts[kDurationBounds.size() - 1], 1U);
  EXPECT_EQ(histogram.counts[kDurationBounds.size()], 2U);
  EXPECT_EQ(histogram.count(), 7U);
}

TEST(SpanMetricsTest, WhatIsBeyondTheLimitIsCountedTogether) {
  SpanMetrics metrics(3);
  for (int i = 0; i < 10; ++i) {
    metrics.Observe(Named(fmt::format("GET /{}", i), 0.1));
  }
  metrics.Observe(Named("GET /1", 0.1));
  const SpanMetrics::Snapshot snapshot = metrics.Read();
  EXPECT_EQ(snapshot.series.size(), 3U);
  EXPECT_EQ(snapshot.series.at(1).second.count(), 2U);
  EXPECT_EQ(snapshot.overflow.count(), 7U);
  EXPECT_DOUBLE_EQ(snapshot.overflow.sum_seconds, 0.7);
}

}  // namespace
}  // namespace nodespan::exporting
