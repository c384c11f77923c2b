// SPDX-License-Identifier: Apache-2.0
#include "spans/request_target.h"

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

TEST(RequestTargetTest, SplitsOriginForm) {
  EXPECT_EQ(ParseRequestTarget("GET", "/a/b"), (RequestTarget{"/a/b", ""}));
  EXPECT_EQ(ParseRequestTarget("GET", "/a?x=1&y=%20"), (RequestTarget{"/a", "x=1&y=%20"}));
  EXPECT_EQ(ParseRequestTarget("GET", "/a?"), (RequestTarget{"/a", ""}));
  EXPECT_EQ(ParseRequestTarget("GET", "/a?b?c"), (RequestTarget{"/a", "b?c"}));
  EXPECT_EQ(ParseRequestTarget("GET", "//host/x"), (RequestTarget{"//host/x", ""}));
  EXPECT_EQ(ParseRequestTarget("GET", "/r?to=http://h/p"), (RequestTarget{"/r", "to=http://h/p"}));
}

TEST(RequestTargetTest, AbsoluteFormLosesSchemeAuthorityAndPassword) {
  EXPECT_EQ(ParseRequestTarget("GET", "http://user:secret@h:8080/a?x"), (RequestTarget{"/a", "x"}));
  EXPECT_EQ(ParseRequestTarget("GET", "https://h"), (RequestTarget{"/", ""}));
  EXPECT_EQ(ParseRequestTarget("GET", "HTTP://h?x=1"), (RequestTarget{"/", "x=1"}));
}

TEST(RequestTargetTest, AuthorityFormHasNoPath) {
  EXPECT_EQ(ParseRequestTarget("CONNECT", "h:443"), (RequestTarget{"", ""}));
  EXPECT_EQ(ParseRequestTarget("CONNECT", "/_goRPC_"), (RequestTarget{"/_goRPC_", ""}));
}

TEST(RequestTargetTest, AsteriskFormAndEmptyTarget) {
  EXPECT_EQ(ParseRequestTarget("OPTIONS", "*"), (RequestTarget{"*", ""}));
  EXPECT_EQ(ParseRequestTarget("GET", ""), (RequestTarget{"", ""}));
}

TEST(RequestTargetTest, RouteIsThePathOfThePattern) {
  EXPECT_EQ(RouteOfPattern("/users/{id}"), "/users/{id}");
  EXPECT_EQ(RouteOfPattern("GET /users/{id}"), "/users/{id}");
  EXPECT_EQ(RouteOfPattern("GET  \tshop.example/items/{rest...}"), "/items/{rest...}");
  EXPECT_EQ(RouteOfPattern("shop.example/"), "/");
  EXPECT_EQ(RouteOfPattern("/exact/{$}"), "/exact/{$}");
  EXPECT_EQ(RouteOfPattern(""), "");
  EXPECT_EQ(RouteOfPattern("GET "), "");
}

}  // namespace
}  // namespace nodespan::spans
