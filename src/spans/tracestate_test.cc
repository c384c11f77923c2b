// SPDX-License-Identifier: Apache-2.0
#include "spans/tracestate.h"

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

std::string Members(int count) {
  std::string list;
  for (int i = 0; i < count; ++i) {
    list += (i == 0 ? "k" : ",k") + std::to_string(i) + "=v";
  }
  return list;
}

TEST(TracestateTest, KeepsAValidListInOrder) {
  EXPECT_EQ(NormalizeTracestate("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", false),
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  EXPECT_EQ(NormalizeTracestate("fw529a3039@dt=FfAAA, ot=th:8;rv:1", false), "fw529a3039@dt=FfAAA,ot=th:8;rv:1");
  EXPECT_EQ(NormalizeTracestate("0a_-*/@=x", false), "0a_-*/@=x");
  EXPECT_EQ(NormalizeTracestate("", false), "");
}

TEST(TracestateTest, LeavesOutEmptyMembersAndBlanksAroundMembers) {
  EXPECT_EQ(NormalizeTracestate(" a=1 ,\t, ,b=2\t,", false), "a=1,b=2");
  EXPECT_EQ(NormalizeTracestate("a=in side", false), "a=in side");
}

TEST(TracestateTest, DiscardsTheWholeListForOneBadMember) {
  for (const std::string_view bad :
       {"novalue", "=v", "a=", "A=v", "_a=v", "a b=v", "a =v", "a=v=w", "a=\x7f", "a=\xC3\xA9"}) {
    EXPECT_EQ(NormalizeTracestate(bad, false), "") << bad;
    EXPECT_EQ(NormalizeTracestate("ok=1," + std::string(bad), false), "") << bad;
  }
  EXPECT_EQ(NormalizeTracestate("a=1,b=2,a=3", false), "");
}

TEST(TracestateTest, LimitsAreThoseOfTheNorm) {
  EXPECT_EQ(NormalizeTracestate(Members(32), false), Members(32));
  EXPECT_EQ(NormalizeTracestate(Members(33), false), "");
  const std::string key(256, 'k');
  const std::string value(256, 'v');
  EXPECT_EQ(NormalizeTracestate(key + "=" + value, false), key + "=" + value);
  EXPECT_EQ(NormalizeTracestate(key + "k=v", false), "");
  EXPECT_EQ(NormalizeTracestate("k=v" + value, false), "");
}

TEST(TracestateTest, ACutListLosesItsLastMember) {
  EXPECT_EQ(NormalizeTracestate("a=1,b=2,c=hal", true), "a=1,b=2");
  EXPECT_EQ(NormalizeTracestate("a=1,b", true), "a=1");
  EXPECT_EQ(NormalizeTracestate("a=1,", true), "a=1");
  EXPECT_EQ(NormalizeTracestate("a=1", true), "");
}

}  // namespace
}  // namespace nodespan::spans
