// SPDX-License-Identifier: Apache-2.0
#include "config/warnings.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::config {
namespace {

TEST(QuoteTest, KeepsPrintableText) { EXPECT_EQ(Quote("a=b c"), "\"a=b c\""); }

TEST(QuoteTest, EscapesWhatCouldForgeALogLine) {
  EXPECT_EQ(Quote("a\nERROR \x1b[31m\"\\\xc3\xa4"), R"("a\x0aERROR \x1b[31m\"\\\xc3\xa4")");
}

TEST(QuoteTest, CutsLongText) {
  EXPECT_EQ(Quote(std::string(80, 'x')), "\"" + std::string(80, 'x') + "\"");
  EXPECT_EQ(Quote(std::string(81, 'x')), "\"" + std::string(80, 'x') + "...\"");
}

TEST(WarningsTest, NamesVariableValueProblemAndConsequence) {
  Warnings warnings;
  warnings.AddBadValue("OTEL_X", "y", "expected z", "using w");
  warnings.Add("OTEL_SECRET", "expected z", "leaving it out");
  EXPECT_THAT(warnings.list(),
              testing::ElementsAre("OTEL_X=\"y\": expected z; using w", "OTEL_SECRET: expected z; leaving it out"));
}

}  // namespace
}  // namespace nodespan::config
