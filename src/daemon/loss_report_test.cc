// SPDX-License-Identifier: Apache-2.0
#include "daemon/loss_report.h"

#include "bpf/abi/nodespan_abi.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::daemon {
namespace {

using metrics::Counter;

TEST(LossReportTest, AddsUpWhatWasLostAndNamesOnlyReasonsThatOccurred) {
  metrics::Counters counters;
  attach::KernelCounters kernel{};
  EXPECT_EQ(LossReport(counters, kernel), "spans: exported=0 lost=0 unsampled=0 excluded=0");
  counters.Add(Counter::kSpansExported, 120);
  counters.Add(Counter::kSpansRejected, 2);
  kernel[NS_LOSS_RING_FULL] = 1;
  kernel[NS_COUNT_OPS_UNSAMPLED] = 5;
  kernel[NS_COUNT_OPS_EXCLUDED] = 7;
  EXPECT_EQ(LossReport(counters, kernel), "spans: exported=120 lost=3 (ring_full=1 rejected=2) unsampled=5 excluded=7");
  counters.Add(metrics::Counter::kSpansExcluded, 2);
  EXPECT_THAT(LossReport(counters, kernel), ::testing::EndsWith("excluded=9"));
}

TEST(LossReportTest, EveryLossOfTheKernelSideIsInOneOfTheReports) {
  for (int i = NS_COUNT_ROOT_UNKNOWN; i < NS_COUNTER_COUNT; ++i) {
    if (i == NS_COUNT_PROPAGATED || i == NS_COUNT_PROPAGATION_KEPT) {
      continue;  // as it should be
    }
    metrics::Counters counters;
    attach::KernelCounters kernel{};
    kernel[i] = 1;
    const bool is_lost = LossReport(counters, kernel).find("lost=1") != std::string::npos;
    EXPECT_NE(is_lost, !DetailReport(counters, kernel).empty()) << "counter " << i;
  }
}

}  // namespace
}  // namespace nodespan::daemon
