// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include "gtest/gtest.h"

namespace nodespan::base {
namespace {

TEST(Utf8Test, AcceptsEveryLengthOfCharacter) {
  for (const std::string_view text :
       {"", "plain ascii, long enough for whole words", "\x7f", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
        "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "Grüße, Welt 😀"}) {
    EXPECT_TRUE(IsValidUtf8(text)) << text;
    EXPECT_EQ(ToValidUtf8(text), text);
  }
}

TEST(Utf8Test, RejectsOverlongFormsSurrogatesAndWhatIsBeyondUnicode) {
  for (const std::string_view text : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80",
                                      "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xC3"}) {
    EXPECT_FALSE(IsValidUtf8(text));
    EXPECT_TRUE(IsValidUtf8(ToValidUtf8(text)));
  }
}

TEST(Utf8Test, ReplacesOneMaximalSubpartAtATime) {
  // The example of Unicode 15, table 3-8.
  EXPECT_EQ(ToValidUtf8("\xF0\x80\x80\x41"),
            "\uFFFD\uFFFD\uFFFD"
            "A");
  // Table 3-11: truncated sequences become one replacement each.
  EXPECT_EQ(ToValidUtf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"),
            "\uFFFD\uFFFD\uFFFD\uFFFD"
            "A");
  EXPECT_EQ(ToValidUtf8("before\xFF"
                        "after, which is long"),
            "before\uFFFD"
            "after, which is long");
}

TEST(Utf8Test, TrimsOnlyACharacterThatWasCut) {
  EXPECT_EQ(TrimPartialCharacter("ab\xC3"), "ab");
  EXPECT_EQ(TrimPartialCharacter("ab\xE2\x82"), "ab");
  EXPECT_EQ(TrimPartialCharacter("ab\xF0\x9F\x98"), "ab");
  EXPECT_EQ(TrimPartialCharacter("ab\xE2\x82\xAC"), "ab\xE2\x82\xAC");
  EXPECT_EQ(TrimPartialCharacter("ab"), "ab");
  EXPECT_EQ(TrimPartialCharacter(""), "");
  // Not the beginning of anything: left for ToValidUtf8 to replace.
  EXPECT_EQ(TrimPartialCharacter("ab\x80"), "ab\x80");
  EXPECT_EQ(TrimPartialCharacter("\xC3"), "");
}

TEST(Utf8Test, DecodesCodePoints) {
  EXPECT_EQ(FirstUtf8Unit("A").code_point, U'A');
  EXPECT_EQ(FirstUtf8Unit("é!").code_point, U'é');
  EXPECT_EQ(FirstUtf8Unit("€!").code_point, U'€');
  EXPECT_EQ(FirstUtf8Unit("😀!").code_point, U'😀');
  EXPECT_EQ(FirstUtf8Unit("😀!").bytes, 4);
  EXPECT_FALSE(FirstUtf8Unit("\xF0\x9F").valid);
}

TEST(Utf8Test, FirstCharactersCountsCharactersAndNotBytes) {
  EXPECT_EQ(FirstCharacters("abc", 3), "abc");
  EXPECT_EQ(FirstCharacters("abcd", 3), "abc");
  EXPECT_EQ(FirstCharacters("aäb", 2), "aä");
  EXPECT_EQ(FirstCharacters("日本語", 3), "日本語");
  EXPECT_EQ(FirstCharacters("日本語", 2), "日本");
  EXPECT_EQ(FirstCharacters("\xf0\x9f\x98\x80x", 1), "\xf0\x9f\x98\x80");
  EXPECT_EQ(FirstCharacters("ä", 0), "");
  EXPECT_EQ(FirstCharacters("", 0), "");
}

}  // namespace
}  // namespace nodespan::base
