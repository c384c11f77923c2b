// SPDX-License-Identifier: Apache-2.0
#include "daemon/metrics_page.h"

#include "bpf/abi/nodespan_abi.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::daemon {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SyncedSource final : public k8s::PodSource {
 public:
  std::string_view name() const override { return "cri"; }
  std::shared_ptr<const k8s::PodSnapshot> snapshot() const override {
    return std::make_shared<const k8s::PodSnapshot>();
  }
  bool is_synced() const override { return true; }
};

TEST(MetricsPageTest, HasEveryCounterWithItsHelp) {
  metrics::Counters counters;
  counters.Add(metrics::Counter::kSpansExported, 12);
  const std::string page = RenderMetrics(counters, {}, {}, nullptr);
  for (size_t i = 0; i < static_cast<size_t>(metrics::Counter::kCount); ++i) {
    const metrics::CounterInfo& info = metrics::Describe(static_cast<metrics::Counter>(i));
    EXPECT_THAT(page, HasSubstr(fmt::format("# HELP nodespan_{} {}\n# TYPE nodespan_{} counter\n", info.name, info.help,
                                            info.name)));
  }
  EXPECT_THAT(page, HasSubstr("\nnodespan_spans_exported_total 12\n"));
}

TEST(MetricsPageTest, LossesAreOneFamilyByReason) {
  attach::KernelCounters kernel{};
  kernel[NS_LOSS_RING_FULL] = 3;
  kernel[NS_LOSS_HEADERS_CUT] = 4;
  kernel[NS_COUNT_OPS_UNSAMPLED] = 5;
  EXPECT_THAT(RenderMetrics({}, {}, kernel, nullptr),
              AllOf(HasSubstr("nodespan_spans_lost_total{reason=\"ring_full\"} 3\n"),
                    HasSubstr("nodespan_spans_lost_total{reason=\"queue_full\"} 0\n"),
                    HasSubstr("nodespan_details_lost_total{reason=\"headers_cut\"} 4\n"),
                    HasSubstr("nodespan_operations_unsampled_total 5\n")));
}

TEST(MetricsPageTest, TargetsByStateAndPods) {
  metrics::Gauges gauges;
  gauges.Set(metrics::Gauge::kTargetsTraced, 7);
  gauges.Set(metrics::Gauge::kTargetsWaiting, 2);
  const SyncedSource pods;
  EXPECT_THAT(RenderMetrics({}, gauges, {}, &pods),
              AllOf(HasSubstr("nodespan_targets{state=\"traced\"} 7\n"),
                    HasSubstr("nodespan_targets{state=\"waiting_for_pod\"} 2\n"),
                    HasSubstr("nodespan_pod_source_synced{source=\"cri\"} 1\n"), HasSubstr("nodespan_pods 0\n")));
  EXPECT_THAT(RenderMetrics({}, gauges, {}, nullptr), Not(HasSubstr("pod_source_synced")));
}

TEST(MetricsPageTest, RssIsThatOfThisProcess) { EXPECT_GT(ReadOwnRssBytes(), 1U << 20); }

}  // namespace
}  // namespace nodespan::daemon
