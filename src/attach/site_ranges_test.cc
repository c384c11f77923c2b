// SPDX-License-Identifier: Apache-2.0
#include "attach/site_ranges.h"

#include "gtest/gtest.h"

namespace nodespan::attach {
namespace {

TEST(SiteRangesTest, RangesDoNotOverlapAndEndWithTheMap) {
  SiteRanges ranges(10);
  EXPECT_EQ(ranges.Acquire(4), 0U);
  EXPECT_EQ(ranges.Acquire(6), 4U);
  EXPECT_EQ(ranges.Acquire(1), std::nullopt);
}

TEST(SiteRangesTest, AGapIsUsedAgainByWhatFits) {
  SiteRanges ranges(10);
  EXPECT_EQ(ranges.Acquire(3), 0U);
  EXPECT_EQ(ranges.Acquire(3), 3U);
  EXPECT_EQ(ranges.Acquire(3), 6U);
  ranges.Release(3);
  EXPECT_EQ(ranges.Acquire(4), std::nullopt);
  EXPECT_EQ(ranges.Acquire(2), 3U);
  EXPECT_EQ(ranges.Acquire(1), 5U);
  EXPECT_EQ(ranges.Acquire(1), 9U);
  ranges.Release(0);
  EXPECT_EQ(ranges.Acquire(3), 0U);
}

TEST(SiteRangesTest, MoreThanThereIsIsNeverThere) {
  SiteRanges ranges(10);
  EXPECT_EQ(ranges.Acquire(11), std::nullopt);
  EXPECT_EQ(ranges.Acquire(UINT32_MAX), std::nullopt);
  EXPECT_EQ(ranges.Acquire(10), 0U);
}

}  // namespace
}  // namespace nodespan::attach
