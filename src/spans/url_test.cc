// SPDX-License-Identifier: Apache-2.0
#include "spans/url.h"

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

TEST(UrlTest, PutsThePartsTogether) {
  EXPECT_EQ(FullUrl({.scheme = "https", .host = "a:1", .path = "/b", .query = "c=d"}), "https://a:1/b?c=d");
  EXPECT_EQ(FullUrl({.scheme = "http", .host = "a"}), "http://a");
  EXPECT_EQ(FullUrl({.scheme = "http", .host = "[::1]:80", .path = "/"}), "http://[::1]:80/");
}

TEST(UrlTest, ARelativePathGetsItsSlash) {
  EXPECT_EQ(FullUrl({.scheme = "http", .host = "a", .path = "b"}), "http://a/b");
}

TEST(UrlTest, ADecodedPathIsEscapedAsGoDoes) {
  EXPECT_EQ(FullUrl({.scheme = "http", .host = "a", .path = "/x y/\xc3\xa9?#(1)$&+,:;=@~"}),
            "http://a/x%20y/%C3%A9%3F%23%281%29$&+,:;=@~");
}

TEST(UrlTest, ARawPathStaysAsItWasSent) {
  EXPECT_EQ(FullUrl({.scheme = "http", .host = "a", .path = "/x%2fy", .path_is_raw = true}), "http://a/x%2fy");
}

TEST(UrlTest, AnOpaqueUrlHasNoHost) {
  EXPECT_EQ(FullUrl({.scheme = "http", .host = "a", .opaque = "//b/c", .query = "d"}), "http://b/c?d");
}

TEST(UrlTest, CredentialsAreRedacted) {
  EXPECT_EQ(FullUrl({.scheme = "http", .has_user_info = true, .host = "a", .path = "/", .query = "Signature=s"}),
            "http://REDACTED:REDACTED@a/?Signature=REDACTED");
}

TEST(UrlTest, KeepsAnEmptyQueryAndTheFragment) {
  EXPECT_EQ(FullUrl({.scheme = "http", .host = "a", .path = "/", .has_empty_query = true}), "http://a/?");
  EXPECT_EQ(FullUrl({.scheme = "http", .host = "a", .path = "/", .query = "b", .fragment = "c d!"}),
            "http://a/?b#c%20d!");
  EXPECT_EQ(FullUrl({.scheme = "http", .host = "a", .path = "/", .query = "b", .fragment = "c", .query_cut = true}),
            "http://a/?b");
}

TEST(UrlTest, NothingFollowsAPathThatWasCut) {
  EXPECT_EQ(FullUrl({.scheme = "http", .host = "a", .path = "/b", .query = "c", .path_cut = true}), "http://a/b");
}

UrlParts WithTarget(std::string_view target, bool cut = false) {
  UrlParts parts = {.scheme = "http", .host = "a"};
  SetRequestTarget(target, cut, &parts);
  return parts;
}

TEST(UrlTest, ARequestTargetIsPathAndQuery) {
  EXPECT_EQ(FullUrl(WithTarget("/b%20c?d=e")), "http://a/b%20c?d=e");
  EXPECT_EQ(FullUrl(WithTarget("/b?d=http://e/f")), "http://a/b?d=http://e/f");
  EXPECT_EQ(FullUrl(WithTarget("/b://c")), "http://a/b://c");
  EXPECT_EQ(FullUrl(WithTarget("/b?")), "http://a/b?");
  EXPECT_EQ(FullUrl(WithTarget("")), "http://a");
  EXPECT_EQ(FullUrl(WithTarget("/b?sig=s")), "http://a/b?sig=REDACTED");
}

TEST(UrlTest, ARequestTargetMayBeAWholeUrl) {
  EXPECT_EQ(FullUrl(WithTarget("HTTP://A/b?c#d")), "http://a/b?c");
  EXPECT_EQ(FullUrl(WithTarget("http://a")), "http://a");
  EXPECT_EQ(FullUrl(WithTarget("http://me:secret@a?c=@")), "http://REDACTED:REDACTED@a?c=@");
  EXPECT_EQ(FullUrl(WithTarget("://")), "http://a");
}

TEST(UrlTest, ARequestTargetThatWasCutEndsThere) {
  EXPECT_TRUE(WithTarget("/b", true).path_cut);
  EXPECT_TRUE(WithTarget("/b?c", true).query_cut);
  EXPECT_FALSE(WithTarget("/b?c", true).path_cut);
  EXPECT_FALSE(WithTarget("/b?c#d", true).query_cut);
}

TEST(UrlTest, WithoutAWholeHostThereIsNoUrl) {
  EXPECT_EQ(FullUrl({.scheme = "http", .path = "/b"}), "");
  EXPECT_EQ(FullUrl({.scheme = "http", .host = "exam", .host_cut = true}), "");
}

}  // namespace
}  // namespace nodespan::spans
