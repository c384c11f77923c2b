// SPDX-License-Identifier: Apache-2.0
#include "config/exclusion_patterns.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/exclusions.h"

namespace nodespan::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Patterns(std::string_view text, Warnings& warnings) {
  return ParsePatterns("NODESPAN_EXCLUDE_PATHS", text, 3, 39, warnings);
}

TEST(ExclusionPatternsTest, AreSeparatedByCommas) {
  Warnings warnings;
  EXPECT_THAT(Patterns(" /healthz, /internal/* ,,/healthz", warnings), ElementsAre("/healthz", "/internal/*"));
  EXPECT_THAT(Patterns("*", warnings), ElementsAre("*"));
  EXPECT_THAT(Patterns("None", warnings), IsEmpty());
  EXPECT_THAT(warnings.list(), IsEmpty());
}

TEST(ExclusionPatternsTest, WhatTheKernelSideCannotCompareIsLeftOut) {
  Warnings warnings;
  const std::string longest(model::kMaxPatternBytes, 'x');
  EXPECT_THAT(Patterns("/a*b," + longest + "x," + longest + ",/1,/2,/3", warnings), ElementsAre(longest, "/1", "/2"));
  EXPECT_THAT(warnings.list(),
              ElementsAre("NODESPAN_EXCLUDE_PATHS=\"/a*b\": * stands at the end only; ignoring this item",
                          "NODESPAN_EXCLUDE_PATHS=\"" + longest + "x\": longer than 39 bytes; ignoring this item",
                          "NODESPAN_EXCLUDE_PATHS=\"/3\": more than 3 patterns; ignoring this item"));
}

}  // namespace
}  // namespace nodespan::config
