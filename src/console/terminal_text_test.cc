// SPDX-License-Identifier: Apache-2.0
#include "console/terminal_text.h"

#include <limits>

#include "gtest/gtest.h"

namespace nodespan::console {
namespace {

TEST(TerminalTextTest, NothingATerminalObeysSurvives) {
  EXPECT_EQ(Sanitize("\x1b[31mred\x1b]0;title\x07"), "␛[31mred␛]0;title␇");
  EXPECT_EQ(Sanitize(std::string_view("a\0b\r\n\tc\x7f", 8)), "a␀b␍␊␉c␡");
  EXPECT_EQ(Sanitize("\xC2\x9B"
                     "31m"),
            "\uFFFD31m")
      << "C1 CSI";
  EXPECT_EQ(Sanitize("a\u202Eb\u2066c\u2028d"), "a\uFFFDb\uFFFDc\uFFFDd");
  EXPECT_EQ(Sanitize("bad\xFFutf"), "bad\uFFFDutf");
  EXPECT_EQ(Sanitize("Grüße 😀 日本"), "Grüße 😀 日本");
}

TEST(TerminalTextTest, MeasuresColumns) {
  EXPECT_EQ(DisplayWidth(""), 0u);
  EXPECT_EQ(DisplayWidth("Grüße"), 5u);
  EXPECT_EQ(DisplayWidth("├─●│…"), 5u);
  EXPECT_EQ(DisplayWidth("日本"), 4u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);
  EXPECT_EQ(DisplayWidth("😀"), 2u);
}

TEST(TerminalTextTest, ShortensToColumnsAndShowsIt) {
  EXPECT_EQ(Shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(Shorten("abcdef", 5), "abcd…");
  EXPECT_EQ(Shorten("abcdef", 1), "…");
  EXPECT_EQ(Shorten("abcdef", 0), "");
  EXPECT_EQ(Shorten("日本語", 4), "日…");
  EXPECT_EQ(Shorten("日本語", 5), "日本…");
}

TEST(TerminalTextTest, PadsToColumnsNotBytes) {
  EXPECT_EQ(PadRight("µs", 4), "µs  ");
  EXPECT_EQ(PadLeft("µs", 4), "  µs");
  EXPECT_EQ(PadRight("日本", 3), "日…");
}

TEST(TerminalTextTest, DurationsHaveThreeDigits) {
  EXPECT_EQ(HumanDuration(0), "0 ns");
  EXPECT_EQ(HumanDuration(999), "999 ns");
  EXPECT_EQ(HumanDuration(1000), "1.00 µs");
  EXPECT_EQ(HumanDuration(12'340), "12.3 µs");
  EXPECT_EQ(HumanDuration(999'499), "999 µs");
  EXPECT_EQ(HumanDuration(999'500), "1.00 ms");
  EXPECT_EQ(HumanDuration(1'239'000), "1.24 ms");
  EXPECT_EQ(HumanDuration(9'996'000), "10.0 ms");
  EXPECT_EQ(HumanDuration(312'400'000), "312 ms");
  EXPECT_EQ(HumanDuration(999'999'999), "1.00 s");
  EXPECT_EQ(HumanDuration(59'940'000'000), "59.9 s");
  EXPECT_EQ(HumanDuration(59'960'000'000), "1m00s");
  EXPECT_EQ(HumanDuration(123'000'000'000), "2m03s");
  EXPECT_EQ(HumanDuration(3'599'499'999'999), "59m59s");
  EXPECT_EQ(HumanDuration(3'599'500'000'000), "1h00m");
  EXPECT_EQ(HumanDuration(3'720'000'000'000), "1h02m");
  EXPECT_FALSE(HumanDuration(std::numeric_limits<uint64_t>::max()).empty());
}

TEST(TerminalTextTest, BytesHaveThreeDigits) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(1000), "1.00 kB");
  EXPECT_EQ(HumanBytes(45'600'000), "45.6 MB");
  EXPECT_EQ(HumanBytes(999'999), "1.00 MB");
  EXPECT_EQ(HumanBytes(std::numeric_limits<uint64_t>::max()), "18.4 EB");
}

}  // namespace
}  // namespace nodespan::console
