// SPDX-License-Identifier: Apache-2.0
#include "goinspect/names.h"

#include <gtest/gtest.h>

namespace nodespan::goinspect {
namespace {

constexpr std::string_view kEcho = "github.com/labstack/echo{/vN}.(*Echo).ServeHTTP";

TEST(NamesTest, MajorVersionsOfAModuleMatch) {
  EXPECT_EQ(MatchName(kEcho, "github.com/labstack/echo.(*Echo).ServeHTTP"), (Placement{"", ""}));
  EXPECT_EQ(MatchName(kEcho, "github.com/labstack/echo/v4.(*Echo).ServeHTTP"), (Placement{"", "/v4"}));
  EXPECT_EQ(MatchName(kEcho, "github.com/labstack/echo/v12.(*Echo).ServeHTTP"), (Placement{"", "/v12"}));
  EXPECT_EQ(MatchName("example.com/a{/vN}/sub.F[...]", "example.com/a/v3/sub.F[...]"), (Placement{"", "/v3"}));
}

TEST(NamesTest, TypeArgumentsMatchAsAnyReleaseWritesThem) {
  for (const char* name : {"a.com/b/v2.F[...]", "a.com/b/v2.F[go.shape.int]",
                           "a.com/b/v2.F[go.shape.struct { x [512]c.d[int]; y string }]"}) {
    EXPECT_EQ(MatchName("a.com/b{/vN}.F[...]", name), (Placement{"", "/v2"})) << name;
    EXPECT_FALSE(MatchName("a.com/b{/vN}.F", name).has_value()) << name;
  }
  EXPECT_TRUE(MatchName("a.com/b.(*L[...]).Push", "a.com/b.(*L[go.shape.int,go.shape.[]uint8]).Push").has_value());
  EXPECT_FALSE(MatchName("a.com/b.(*L[...]).Push", "a.com/b.(*L[go.shape.int]).Push.func1").has_value());
  EXPECT_FALSE(MatchName("a.com/b.F[...]", "a.com/b.F]").has_value());
  EXPECT_FALSE(MatchName("a.com/b.F[...]", "a.com/b.F[").has_value());
}

TEST(NamesTest, WhatOnlyLooksLikeAVersionDoesNotMatch) {
  for (const char* name :
       {"github.com/labstack/echo/v.(*Echo).ServeHTTP", "github.com/labstack/echo/v1.(*Echo).ServeHTTP",
        "github.com/labstack/echo/v04.(*Echo).ServeHTTP", "github.com/labstack/echo/v4/other.(*Echo).ServeHTTP",
        "github.com/labstack/echo/version4.(*Echo).ServeHTTP", "github.com/labstack/echo/v4.(*Echo).ServeHTTP2",
        "github.com/labstack/echo-fork/v4.(*Echo).ServeHTTP", "labstack/echo/v4.(*Echo).ServeHTTP", ""}) {
    EXPECT_FALSE(MatchName(kEcho, name).has_value()) << name;
  }
  EXPECT_FALSE(MatchName("example.com/a.F", "example.com/a/v2.F").has_value()) << "a pattern without a mark";
}

TEST(NamesTest, LibrariesMatchBelowVendorFolders) {
  EXPECT_EQ(MatchName(kEcho, "example.com/shop/vendor/github.com/labstack/echo/v4.(*Echo).ServeHTTP"),
            (Placement{"example.com/shop/vendor/", "/v4"}));
  EXPECT_EQ(MatchName("golang.org/x/net/http2/hpack.(*Encoder).WriteField",
                      "vendor/golang.org/x/net/http2/hpack.(*Encoder).WriteField"),
            (Placement{"vendor/", ""}));
  EXPECT_EQ(MatchName("example.com/vendor/a.F", "x/vendor/y/vendor/example.com/vendor/a.F"),
            (Placement{"x/vendor/y/vendor/", ""}));
  EXPECT_FALSE(MatchName(kEcho, "example.com/myvendor/github.com/labstack/echo.(*Echo).ServeHTTP").has_value());
  EXPECT_FALSE(MatchName("net/http.Get", "app/vendor/net/http.Get").has_value())
      << "the standard library has one place";
  EXPECT_FALSE(MatchName("main.main", "vendor/main.main").has_value());
}

TEST(NamesTest, TypesAreNamedAtThePlacementOfAFunction) {
  for (const Placement& placement : {Placement{"", ""}, Placement{"a.b/c/vendor/", "/v4"}, Placement{"vendor/", ""}}) {
    EXPECT_EQ(MatchName(kEcho, PlaceName(kEcho, placement)), placement);
  }
  EXPECT_EQ(PlaceName("github.com/labstack/echo{/vN}.context", {"x/vendor/", "/v4"}),
            "x/vendor/github.com/labstack/echo/v4.context");
  EXPECT_EQ(PlaceName("net/http.Request", {"x/vendor/", "/v4"}), "net/http.Request");
}

TEST(NamesTest, WrappersAreKnownByTheMethodTheyWrap) {
  EXPECT_EQ(ValueMethodName("a.com/b.(*Teapot).ServeHTTP"), "a.com/b.Teapot.ServeHTTP");
  EXPECT_EQ(ValueMethodName("a.com/b.(*List[...]).Push"), "a.com/b.List[...].Push");
  EXPECT_EQ(ValueMethodName("a.com/b.Teapot.ServeHTTP"), "");
  EXPECT_EQ(ValueMethodName("a.com/b.(*Teapot)"), "");
}

}  // namespace
}  // namespace nodespan::goinspect
