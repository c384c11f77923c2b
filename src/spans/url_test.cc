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

TEST(UrlTest, WithoutAWholeHostThereIsNoUrl) {
  EXPECT_EQ(FullUrl({.scheme = "http", .path = "/b"}), "");
  EXPECT_EQ(FullUrl({.scheme = "http", .host = "exam", .host_cut = true}), "");
}

}  // namespace
}  // namespace nodespan::spans
