// SPDX-License-Identifier: Apache-2.0
#include "config/http_methods.h"

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(HttpMethodsTest, AreTakenAsTheyAreWrittenAndOnce) {
  Warnings warnings;
  EXPECT_THAT(ParseHttpMethods("V", "GET, get,PROPFIND,GET,", warnings), ElementsAre("GET", "get", "PROPFIND"));
  EXPECT_THAT(warnings.list(), IsEmpty());
}

TEST(HttpMethodsTest, WhatIsNoMethodIsLeftOutWithAWarning) {
  Warnings warnings;
  EXPECT_THAT(ParseHttpMethods("V", "GET,two words,UPDATEREDIRECTREF,BASELINE-CONTROL,PU\xc3\xa9T", warnings),
              ElementsAre("GET", "BASELINE-CONTROL"));
  EXPECT_THAT(warnings.list(), ElementsAre("V=\"two words\": not the name of a method; ignoring this item",
                                           "V=\"UPDATEREDIRECTREF\": longer than 16 bytes; ignoring this item",
                                           "V=\"PU\\xc3\\xa9T\": not the name of a method; ignoring this item"));
}

TEST(HttpMethodsTest, TheirNumberIsBounded) {
  std::string text;
  for (size_t i = 0; i <= model::kMaxHttpMethods; ++i) {
    text += fmt::format("M{},", i);
  }
  Warnings warnings;
  EXPECT_THAT(ParseHttpMethods("V", text, warnings), SizeIs(model::kMaxHttpMethods));
  EXPECT_THAT(warnings.list(), ElementsAre("V=\"M64\": more than 64 methods; ignoring this item"));
}

}  // namespace
}  // namespace nodespan::config
