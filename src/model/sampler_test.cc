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

}  // namespace
}  // namespace nodespan::model
