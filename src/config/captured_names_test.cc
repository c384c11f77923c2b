// SPDX-License-Identifier: Apache-2.0
#include "config/captured_names.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ParseCapturedNamesTest, TrimsLowersAndTakesEachNameOnce) {
  Warnings warnings;
  EXPECT_THAT(ParseCapturedNames("V", " X-Request-Id,, user-agent ,x-request-ID", warnings),
              ElementsAre("x-request-id", "user-agent"));
  EXPECT_THAT(warnings.list(), IsEmpty());
}

TEST(ParseCapturedNamesTest, LeavesOutWhatIsNoName) {
  Warnings warnings;
  EXPECT_THAT(ParseCapturedNames("V", "a b,c:d,\xc3\xa4,ok", warnings), ElementsAre("ok"));
  EXPECT_THAT(warnings.list(), ElementsAre(HasSubstr("\"a b\""), HasSubstr("\"c:d\""), HasSubstr("not the name")));
}

TEST(ParseCapturedNamesTest, LeavesOutWhatTheKernelSideDoesNotLookFor) {
  Warnings warnings;
  EXPECT_THAT(ParseCapturedNames("V", std::string(41, 'x') + "," + std::string(40, 'y'), warnings),
              ElementsAre(std::string(40, 'y')));
  EXPECT_THAT(warnings.list(), ElementsAre(HasSubstr("longer than 40 bytes")));
  EXPECT_THAT(ParseCapturedNames("V", "a,b,c,d,e,f,g,h,i", warnings), SizeIs(8));
  EXPECT_THAT(warnings.list().back(), HasSubstr("more than 8 names"));
}

}  // namespace
}  // namespace nodespan::config
