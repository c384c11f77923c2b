// SPDX-License-Identifier: Apache-2.0
#include "config/resource_attributes.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ResourceAttributesTest, TrimsThenDecodesAndSplitsAtTheFirstEquals) {
  EXPECT_THAT(*ParseResourceAttributes(" a = 1 , b=x=y,c%2Cd=%20e%2C+,empty="),
              ElementsAre(Pair("a", "1"), Pair("b", "x=y"), Pair("c,d", " e,+"), Pair("empty", "")));
}

TEST(ResourceAttributesTest, LastOfTwoEqualKeysWins) {
  EXPECT_THAT(*ParseResourceAttributes("a=1,b=2,a=3"), ElementsAre(Pair("a", "3"), Pair("b", "2")));
}

TEST(ResourceAttributesTest, PassesOverEmptyItems) {
  EXPECT_THAT(*ParseResourceAttributes("a=1,,"), ElementsAre(Pair("a", "1")));
  EXPECT_THAT(*ParseResourceAttributes(""), IsEmpty());
}

TEST(ResourceAttributesTest, OneBadItemDiscardsAllAndIsNamed) {
  struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"a=1,b", "\"b\": expected key=value"},
      {"a=1,=2", "\"=2\": expected a key"},
      {"a=1,b=50%", "\"b=50%\": expected two hexadecimal digits"},
      {"a=1,b=%ff", "\"b=%ff\": expected UTF-8"},
      {"a=1,\xc3=2", "expected UTF-8"},
  };
  for (const auto& bad : cases) {
    auto parsed = ParseResourceAttributes(bad.text);
    ASSERT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << bad.text;
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(bad.message));
  }
}

}  // namespace
}  // namespace nodespan::config
