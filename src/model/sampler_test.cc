// SPDX-License-Identifier: Apache-2.0
#include "model/sampler.h"

#include <limits>

#include "gtest/gtest.h"

namespace nodespan::model {
namespace {

TEST(SamplerTest, ThresholdFollowsTheGoSdk) {
  EXPECT_EQ(TraceIdRatioThreshold(0.5), uint64_t{1} << 62);
  EXPECT_EQ(TraceIdRatioThreshold(0.25), uint64_t{1} << 61);
  EXPECT_EQ(TraceIdRatioThreshold(1.0), uint64_t{1} << 63);
}

TEST(SamplerTest, OutOfRangeRatiosMeanAllOrNothing) {
  EXPECT_EQ(TraceIdRatioThreshold(7), uint64_t{1} << 63);
  EXPECT_EQ(TraceIdRatioThreshold(0), 0u);
  EXPECT_EQ(TraceIdRatioThreshold(-1), 0u);
  EXPECT_EQ(TraceIdRatioThreshold(std::numeric_limits<double>::quiet_NaN()), 0u);
}

// The examples of the specification, and what lies close to 0 and 1.
TEST(SamplerTest, ConsistentThresholdHasFourSignificantDigits) {
  EXPECT_EQ(ConsistentThreshold(1), 0U);
  EXPECT_EQ(ConsistentThreshold(0.5), 0x80000000000000U);
  EXPECT_EQ(ConsistentThreshold(0.25), 0xc0000000000000U);
  EXPECT_EQ(ConsistentThreshold(0.1), 0xe6660000000000U);
  EXPECT_EQ(ConsistentThreshold(1.0 / 3), 0xaaab0000000000U);
  EXPECT_EQ(ConsistentThreshold(0.01), 0xfd70a000000000U);
  EXPECT_EQ(ConsistentThreshold(0.99), 0x028f6000000000U);
  EXPECT_EQ(ConsistentThreshold(0x1p-56), 0xffffffffffffffU);
  EXPECT_EQ(ConsistentThreshold(0x1p-58), kConsistentNever);
  EXPECT_EQ(ConsistentThreshold(0), kConsistentNever);
}

}  // namespace
}  // namespace nodespan::model
