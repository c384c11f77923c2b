// SPDX-License-Identifier: Apache-2.0
#include "config/semconv_opt_in.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::config {
namespace {

using model::Semconv;
using model::SemconvMode;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Semconv Parse(std::string_view text, const Semconv& defaults = {}) {
  Warnings warnings;
  Semconv parsed = ParseSemconvOptIn(text, defaults, warnings);
  EXPECT_THAT(warnings.list(), IsEmpty()) << text;
  return parsed;
}

TEST(SemconvOptInTest, SetsEachCategoryOnItsOwn) {
  EXPECT_EQ(Parse("http/old, database/dup,rpc,messaging/old"),
            (Semconv{SemconvMode::kOld, SemconvMode::kDup, SemconvMode::kNew, SemconvMode::kOld}));
}

TEST(SemconvOptInTest, CategoriesNotNamedKeepTheirDefault) {
  Semconv defaults = {SemconvMode::kDup, SemconvMode::kOld, SemconvMode::kDup, SemconvMode::kOld};
  Semconv expected = defaults;
  expected.rpc = SemconvMode::kNew;
  EXPECT_EQ(Parse("RPC", defaults), expected);
  EXPECT_EQ(Parse("", defaults), defaults);
}

TEST(SemconvOptInTest, DupBeatsTheOthersInAnyOrder) {
  for (const char* text : {"http,http/dup", "http/dup,http", "http/dup,http/old", "http,http/old"}) {
    EXPECT_EQ(Parse(text).http, SemconvMode::kDup) << text;
  }
}

TEST(SemconvOptInTest, PassesOverCategoriesOfOthers) {
  EXPECT_EQ(Parse("gen_ai_latest_experimental,k8s,httpx,code/dup"), Semconv{});
}

TEST(SemconvOptInTest, WarnsOfAnUnknownFormOfOurCategory) {
  Warnings warnings;
  EXPECT_EQ(ParseSemconvOptIn("database/both", {}, warnings), Semconv{});
  ASSERT_EQ(warnings.list().size(), 1U);
  EXPECT_THAT(warnings.list()[0],
              HasSubstr("\"database/both\": expected database, database/dup or database/old; ignoring this item"));
}

}  // namespace
}  // namespace nodespan::config
