// SPDX-License-Identifier: Apache-2.0
#include "otlp/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace nodespan::otlp {
namespace {

TEST(Utf8Test, AcceptsEveryCodePointAtEveryDistanceFromAnEightByteBoundary) {
  for (size_t prefix = 0; prefix < 9; ++prefix) {
    for (const char* text : {"", "a", "\u0080", "\u07FF", "\u0800", "\uD7FF", "\uE000", "\uFFFF", "\U00010000",
                             "\U0010FFFF", "mixed \u00fc text \U0001F600 end"}) {
      const std::string padded = std::string(prefix, 'x') + text;
      EXPECT_TRUE(IsValidUtf8(padded)) << padded;
      EXPECT_EQ(RepairUtf8(padded), padded);
    }
  }
}

TEST(Utf8Test, RejectsWhatRfc3629Forbids) {
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC3(", "\xE2\x82("}) {
    for (size_t prefix = 0; prefix < 9; ++prefix) {
      const std::string padded = std::string(prefix, 'x') + text;
      EXPECT_FALSE(IsValidUtf8(padded)) << padded;
      EXPECT_TRUE(IsValidUtf8(RepairUtf8(padded))) << padded;
    }
  }
}

TEST(Utf8Test, RepairKeepsTheGoodBytesAroundABadOne) {
  EXPECT_EQ(RepairUtf8("a\xFF\u00fc\x80z"), "a\uFFFD\u00fc\uFFFDz");
  EXPECT_EQ(RepairUtf8("cut \xE2\x82"), "cut \uFFFD\uFFFD");
}

}  // namespace
}  // namespace nodespan::otlp
