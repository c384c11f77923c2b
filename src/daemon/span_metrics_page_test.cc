// SPDX-License-Identifier: Apache-2.0
#include "daemon/span_metrics_page.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::daemon {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

model::Span Request(const std::string& name, uint64_t duration_ns) {
  auto resource = std::make_shared<model::Resource>();
  resource->attributes = {{"service.name", std::string("shop")}, {"service.namespace", std::string("store")}};
  model::Span span;
  span.name = name;
  span.kind = model::SpanKind::kServer;
  span.status = model::StatusCode::kError;
  span.start_unix_ns = 1;
  span.end_unix_ns = 1 + duration_ns;
  span.resource = std::move(resource);
  return span;
}

TEST(SpanMetricsPageTest, HasCountsAndCumulativeBuckets) {
  exporting::SpanMetrics metrics;
  metrics.Observe(Request("GET /a", 5'000'000));
  metrics.Observe(Request("GET /a", 20'000'000'000));
  const std::string labels =
      "service_name=\"shop\",span_name=\"GET /a\",span_kind=\"SPAN_KIND_SERVER\",status_code=\"STATUS_CODE_ERROR\","
      "service_namespace=\"store\"";
  EXPECT_THAT(RenderSpanMetrics(metrics),
              AllOf(HasSubstr("# TYPE traces_span_metrics_calls_total counter\n"),
                    HasSubstr("traces_span_metrics_calls_total{" + labels + "} 2\n"),
                    HasSubstr("# TYPE traces_span_metrics_duration_seconds histogram\n"),
                    HasSubstr("traces_span_metrics_duration_seconds_count{" + labels + "} 2\n"),
                    HasSubstr("traces_span_metrics_duration_seconds_bucket{" + labels + ",le=\"0.005\"} 1\n"),
                    HasSubstr("traces_span_metrics_duration_seconds_bucket{" + labels + ",le=\"10\"} 1\n"),
                    HasSubstr("traces_span_metrics_duration_seconds_bucket{" + labels + ",le=\"+Inf\"} 2\n"),
                    Not(HasSubstr("otel_metric_overflow"))));
}

TEST(SpanMetricsPageTest, NamesWhatWasTooMuch) {
  exporting::SpanMetrics metrics(1);
  metrics.Observe(Request("GET /a", 1));
  metrics.Observe(Request("GET /b", 1));
  EXPECT_THAT(
      RenderSpanMetrics(metrics),
      AllOf(Not(HasSubstr("GET /b")), HasSubstr("traces_span_metrics_calls_total{otel_metric_overflow=\"true\"} 1\n")));
}

TEST(SpanMetricsPageTest, ForeignNamesCannotForgeLines) {
  exporting::SpanMetrics metrics;
  metrics.Observe(Request("a\"} 1\nup 0", 1));
  EXPECT_THAT(RenderSpanMetrics(metrics), HasSubstr(R"(span_name="a\"} 1\nup 0")"));
}

}  // namespace
}  // namespace nodespan::daemon
