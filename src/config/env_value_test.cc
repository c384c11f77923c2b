// SPDX-License-Identifier: Apache-2.0
#include "config/env_value.h"

#include <array>

#include "config/environment.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(LookupTest, EmptyAndBlankValuesCountAsUnset) {
  Environment environment = {{"A", ""}, {"B", " \t"}, {"C", " x "}};
  EXPECT_EQ(Lookup(environment, "A"), std::nullopt);
  EXPECT_EQ(Lookup(environment, "B"), std::nullopt);
  EXPECT_EQ(Lookup(environment, "C"), "x");
  EXPECT_EQ(Lookup(environment, "D"), std::nullopt);
}

TEST(CopyEnvironmentTest, SplitsAtFirstEqualsAndKeepsTheFirstOfTwo) {
  const char* entries[] = {"A=1=2", "B", "=C", "A=3", "D=", nullptr};
  EXPECT_THAT(CopyEnvironment(entries), ElementsAre(std::pair("A", "1=2"), std::pair("D", "")));
  EXPECT_THAT(CopyEnvironment(nullptr), IsEmpty());
}

TEST(SplitListTest, TrimsItemsAndLeavesEmptyOnesOut) {
  EXPECT_THAT(SplitList(" a , b\t,,c,"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(SplitList(""), IsEmpty());
  EXPECT_THAT(SplitList(",,"), IsEmpty());
}

TEST(ParseBoolTest, TakesTrueAndFalseInAnyCaseOnly) {
  EXPECT_TRUE(*ParseBool("true"));
  EXPECT_TRUE(*ParseBool(" TRUE "));
  EXPECT_FALSE(*ParseBool("False"));
  for (const char* bad : {"1", "yes", "t", "0", "truee", ""}) {
    EXPECT_EQ(ParseBool(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(ParseGoBoolTest, TakesExactlyTheWordsOfGo) {
  for (const char* word : {"1", "t", "T", "TRUE", "true", "True"}) {
    EXPECT_TRUE(*ParseGoBool(word)) << word;
  }
  for (const char* word : {"0", "f", "F", "FALSE", "false", "False"}) {
    EXPECT_FALSE(*ParseGoBool(word)) << word;
  }
  for (const char* bad : {"tRUE", "yes", "2", ""}) {
    EXPECT_FALSE(ParseGoBool(bad).ok()) << bad;
  }
}

TEST(ParseIntegerTest, AcceptsTheWholeRange) {
  EXPECT_EQ(*ParseInteger("0", 0), 0);
  EXPECT_EQ(*ParseInteger(" 2147483647 ", 0), 2147483647);
  EXPECT_EQ(*ParseInteger("-1", -1), -1);
}

TEST(ParseIntegerTest, RefusesEverythingElseAndSaysTheRange) {
  for (const char* bad : {"", "-1", "2147483648", "99999999999999999999", "1.5", "0x10", "12 34", "+1", "1e3"}) {
    absl::StatusOr<int64_t> parsed = ParseInteger(bad, 1);
    ASSERT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr("from 1 to 2147483647"));
  }
}

TEST(ParseRatioTest, AcceptsZeroToOneOnly) {
  EXPECT_EQ(*ParseRatio("0"), 0.0);
  EXPECT_EQ(*ParseRatio("0.25"), 0.25);
  EXPECT_EQ(*ParseRatio("1e-3"), 0.001);
  EXPECT_EQ(*ParseRatio("1.0"), 1.0);
  for (const char* bad : {"", "-0.1", "1.0001", "nan", "inf", "-nan", "a", "0.5x", "1/2"}) {
    EXPECT_FALSE(ParseRatio(bad).ok()) << bad;
  }
}

TEST(ParseDurationTest, ZeroIsZeroForADurationAndNoLimitForATimeout) {
  EXPECT_EQ(*ParseDuration("0"), absl::ZeroDuration());
  EXPECT_EQ(*ParseTimeout("0"), absl::InfiniteDuration());
  EXPECT_EQ(*ParseDuration("1500"), absl::Milliseconds(1500));
  EXPECT_EQ(*ParseTimeout("1500"), absl::Milliseconds(1500));
}

TEST(ParseDurationTest, APeriodIsNotZero) {
  EXPECT_EQ(*ParsePeriod("1"), absl::Milliseconds(1));
  EXPECT_FALSE(ParsePeriod("0").ok());
  EXPECT_FALSE(ParsePeriod("-1").ok());
}

TEST(ParseDurationTest, RefusesNegativeAndUnits) {
  for (const char* bad : {"-1", "5s", "", "1.5", "9223372036854775808"}) {
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
    EXPECT_FALSE(ParseTimeout(bad).ok()) << bad;
  }
}

TEST(PercentDecodeTest, DecodesBytesAndLeavesPlusAlone) {
  EXPECT_EQ(*PercentDecode("a%2Cb%3dc+%25%00"), std::string("a,b=c+%\0", 8));
}

TEST(PercentDecodeTest, RefusesIncompleteEscapes) {
  for (const char* bad : {"%", "%2", "a%2", "%zz", "%2g", "100% sure"}) {
    EXPECT_FALSE(PercentDecode(bad).ok()) << bad;
  }
}

TEST(ParseEnumTest, IgnoresCaseAndListsTheChoices) {
  constexpr std::array<NamedValue<int>, 2> kChoices = {{{"one", 1}, {"two", 2}}};
  EXPECT_EQ(*ParseEnum<int>(" TWO ", kChoices), 2);
  absl::StatusOr<int> parsed = ParseEnum<int>("three", kChoices);
  EXPECT_EQ(parsed.status().message(), "expected one of one, two");
}

}  // namespace
}  // namespace nodespan::config
