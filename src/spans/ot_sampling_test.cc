// SPDX-License-Identifier: Apache-2.0
#include "spans/ot_sampling.h"

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "spans/tracestate.h"

namespace nodespan::spans {
namespace {

constexpr uint64_t kHalf = 0x80000000000000;
constexpr uint64_t kTenth = 0xe6660000000000;
constexpr uint64_t kRandom = 0x0123456789abcd;

TEST(OtSamplingTest, WritesTheThresholdWithoutTheZerosAtItsEnd) {
  EXPECT_EQ(WithOtSampling("", {.threshold = kHalf}), "ot=th:8");
  EXPECT_EQ(WithOtSampling("", {.threshold = kTenth}), "ot=th:e666");
  EXPECT_EQ(WithOtSampling("", {.threshold = 0}), "ot=th:0");
  EXPECT_EQ(WithOtSampling("", {.threshold = 1}), "ot=th:00000000000001");
  EXPECT_EQ(WithOtSampling("", {.threshold = kHalf, .randomness = kRandom}), "ot=th:8;rv:0123456789abcd");
}

TEST(OtSamplingTest, LeavesAloneWhatAlreadySaysIt) {
  EXPECT_EQ(WithOtSampling("", {}), "");
  EXPECT_EQ(WithOtSampling("a=1,b=2", {}), "a=1,b=2");
  for (const char* list : {"a=1,ot=th:8", "ot=x:1;th:80;y:2,a=1", "ot=th:80000000000000;rv:0123456789abcd"}) {
    EXPECT_EQ(WithOtSampling(list, {.threshold = kHalf}), list);
  }
}

TEST(OtSamplingTest, ChangesItsEntryOnlyAndPutsItFirst) {
  EXPECT_EQ(WithOtSampling("a=1,ot=x:1;th:8;rv:0123456789abcd,b=2", {.threshold = kTenth, .randomness = kRandom}),
            "ot=th:e666;x:1;rv:0123456789abcd,a=1,b=2");
  EXPECT_EQ(WithOtSampling("a=1", {.threshold = kTenth}), "ot=th:e666,a=1");
}

TEST(OtSamplingTest, TakesAThresholdAwayThatDoesNotHold) {
  EXPECT_EQ(WithOtSampling("a=1,ot=th:8;x:1", {}), "ot=x:1,a=1");
  EXPECT_EQ(WithOtSampling("a=1,ot=th:8", {}), "a=1");
}

TEST(OtSamplingTest, ReplacesAnEntryThatSaysNothing) {
  for (const char* entry : {"ot=8", "ot=th:8;", "ot=:8", "ot=Th:8", "ot=th:8;x y"}) {
    EXPECT_EQ(WithOtSampling(fmt::format("{},a=1", entry), {.threshold = kHalf}), "ot=th:8,a=1") << entry;
  }
  for (const char* entry : {"ot=th:", "ot=th:x", "ot=th:123456789012345"}) {
    EXPECT_EQ(WithOtSampling(entry, {.threshold = kHalf}), "ot=th:8") << entry;
  }
}

TEST(OtSamplingTest, KeepsItsLimits) {
  const std::string full = fmt::format("ot=x:{}", std::string(250, '1'));
  EXPECT_EQ(WithOtSampling(full, {.threshold = kTenth}), full);
  std::string members;
  for (size_t i = 0; i < kMaxTracestateMembers; ++i) {
    members += fmt::format("{}k{}=v", i == 0 ? "" : ",", i);
  }
  EXPECT_EQ(WithOtSampling(members, {.threshold = kHalf}),
            fmt::format("ot=th:8,{}", members.substr(0, members.rfind(','))));
}

}  // namespace
}  // namespace nodespan::spans
