// SPDX-License-Identifier: Apache-2.0
#include "spans/forwarded.h"

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

TEST(ForwardedTest, ReadsTheExamplesOfTheRfc) {
  EXPECT_EQ(ParseForwarded("for=\"_gazonk\"", false), (Forwarded{"_gazonk", "", ""}));
  EXPECT_EQ(ParseForwarded("For=\"[2001:db8:cafe::17]:4711\"", false), (Forwarded{"[2001:db8:cafe::17]:4711", "", ""}));
  EXPECT_EQ(ParseForwarded("for=192.0.2.60;proto=http;by=203.0.113.43", false), (Forwarded{"192.0.2.60", "", "http"}));
  EXPECT_EQ(ParseForwarded("for=192.0.2.43, for=198.51.100.17", false), (Forwarded{"192.0.2.43", "", ""}));
}

TEST(ForwardedTest, ReadsHostAndProtoInAnyOrderAndCase) {
  EXPECT_EQ(ParseForwarded("HOST=\"shop.example:8443\" ; Proto=https;FOR=unknown", false),
            (Forwarded{"unknown", "shop.example:8443", "https"}));
  EXPECT_EQ(ParseForwarded(";;proto=https;", false), (Forwarded{"", "", "https"}));
  EXPECT_EQ(ParseForwarded("host=shop.example:8443", false), (Forwarded{"", "shop.example:8443", ""}));
  EXPECT_EQ(ParseForwarded("host=a;host=b", false), (Forwarded{"", "a", ""}));
}

TEST(ForwardedTest, UnquotesAndKeepsSeparatorsInsideQuotes) {
  EXPECT_EQ(ParseForwarded(R"(for="a\"b\\c,;d")", false), (Forwarded{R"(a"b\c,;d)", "", ""}));
}

TEST(ForwardedTest, MalformedElementGivesNothing) {
  for (const std::string_view header : {"for", "for=", "for=;proto=https", "=x", "for=\"open", "for=\"open\\",
                                        "for=a b", "proto=https;for", "for =a"}) {
    EXPECT_EQ(ParseForwarded(header, false), Forwarded{}) << header;
  }
  EXPECT_EQ(ParseForwarded("", false), Forwarded{});
}

TEST(ForwardedTest, ParameterAtTheCutIsLeftOut) {
  EXPECT_EQ(ParseForwarded("proto=https;for=10.0.0.1", true), (Forwarded{"", "", "https"}));
  EXPECT_EQ(ParseForwarded("proto=https;for=\"[2001:", true), (Forwarded{"", "", "https"}));
  EXPECT_EQ(ParseForwarded("proto=https;fo", true), (Forwarded{"", "", "https"}));
  EXPECT_EQ(ParseForwarded("for=10.0.0.1, for=10.", true), (Forwarded{"10.0.0.1", "", ""}));
  EXPECT_EQ(ParseForwarded("for=a b;proto=ht", true), Forwarded{});
}

TEST(ForwardedTest, FirstElementOfAListIsTrimmedAndNeverACutOne) {
  EXPECT_EQ(FirstForwardedElement(" 203.0.113.7 , 10.0.0.1", false), "203.0.113.7");
  EXPECT_EQ(FirstForwardedElement("https", false), "https");
  EXPECT_EQ(FirstForwardedElement("https,http", true), "https");
  EXPECT_EQ(FirstForwardedElement("203.0.113", true), "");
  EXPECT_EQ(FirstForwardedElement(" , a", false), "");
  EXPECT_EQ(FirstForwardedElement("", false), "");
}

}  // namespace
}  // namespace nodespan::spans
