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

TEST(NamesTest, DotsOfTheLastPathElementAreEscapedInFunctionsOnly) {
  constexpr std::string_view kConnect = "github.com/nats-io/nats%2ego.(*Conn).Publish";
  EXPECT_EQ(MatchName(kConnect, kConnect), (Placement{"", ""}));
  EXPECT_EQ(MatchName(kConnect, "shop/vendor/github.com/nats-io/nats%2ego.(*Conn).Publish"),
            (Placement{"shop/vendor/", ""}));
  EXPECT_FALSE(MatchName(kConnect, "github.com/nats-io/nats.go.(*Conn).Publish").has_value())
      << "a method of the type `go` in another package";
  constexpr std::string_view kConn = "github.com/nats-io/nats%2ego.Conn";
  EXPECT_EQ(MatchTypeName(kConn, "github.com/nats-io/nats.go.Conn"), (Placement{"", ""}));
  EXPECT_FALSE(MatchTypeName(kConn, kConn).has_value());
  EXPECT_EQ(PlaceName(kConn, {"shop/vendor/", ""}), "shop/vendor/github.com/nats-io/nats.go.Conn");
  EXPECT_EQ(PlaceName("a.com/100%25%2egood.%zz%2", {}), "a.com/100%.good.%zz%2") << "only what is an escape";
}

TEST(NamesTest, VersionsBehindADotMatchAsTheCompilerWritesThem) {
  constexpr std::string_view kUnmarshal = "gopkg.in/yaml{.vN}.Unmarshal";
  EXPECT_EQ(MatchName(kUnmarshal, "gopkg.in/yaml%2ev3.Unmarshal"), (Placement{"", ".v3"}));
  EXPECT_EQ(MatchName(kUnmarshal, "gopkg.in/yaml%2ev0.Unmarshal"), (Placement{"", ".v0"}));
  EXPECT_EQ(MatchName(kUnmarshal, "x/vendor/gopkg.in/yaml%2ev12.Unmarshal"), (Placement{"x/vendor/", ".v12"}));
  EXPECT_EQ(MatchName("gopkg.in/a/b{.vN}.F[...]", "gopkg.in/a/b%2ev1.F[go.shape.int]"), (Placement{"", ".v1"}));
  constexpr std::string_view kStart = "gopkg.in/DataDog/dd-trace-go{.vN}/ddtrace/tracer.Start";
  EXPECT_EQ(MatchName(kStart, "gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer.Start"), (Placement{"", ".v1"}))
      << "not in the last element of the path";
  EXPECT_FALSE(MatchName(kStart, "gopkg.in/DataDog/dd-trace-go%2ev1/ddtrace/tracer.Start").has_value());
  EXPECT_EQ(MatchTypeName("gopkg.in/yaml{.vN}.Node", "gopkg.in/yaml.v3.Node"), (Placement{"", ".v3"}));
  EXPECT_EQ(MatchTypeName("gopkg.in/a{.vN}/b%2ec.T", "gopkg.in/a.v3/b.c.T"), (Placement{"", ".v3"}));
  EXPECT_EQ(PlaceName("gopkg.in/yaml{.vN}.Node", {"x/vendor/", ".v3"}), "x/vendor/gopkg.in/yaml.v3.Node");
  for (const char* name :
       {"gopkg.in/yaml.Unmarshal", "gopkg.in/yaml.v3.Unmarshal", "gopkg.in/yaml/v3.Unmarshal",
        "gopkg.in/yaml%2ev.Unmarshal", "gopkg.in/yaml%2ev03.Unmarshal", "gopkg.in/yaml%2e3.Unmarshal",
        "gopkg.in/yaml%2ev3", "gopkg.in/yaml%2ev3-unstable.Unmarshal", "gopkg.in/yaml%2E", "gopkg.in/yaml"}) {
    EXPECT_FALSE(MatchName(kUnmarshal, name).has_value()) << name;
  }
}

TEST(NamesTest, TypesAreNamedAtThePlacementOfAFunction) {
  for (const Placement& placement : {Placement{"", ""}, Placement{"a.b/c/vendor/", "/v4"}, Placement{"vendor/", ""}}) {
    EXPECT_EQ(MatchTypeName(kEcho, PlaceName(kEcho, placement)), placement);
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

TEST(NamesTest, ShapesOfGenericFunctionsAreNotPrinted) {
  EXPECT_EQ(PrintedName("main.main.func1"), "main.main.func1");
  EXPECT_EQ(PrintedName("a.com/b.Map[go.shape.[]int,go.shape.string].func1"), "a.com/b.Map[...].func1");
  EXPECT_EQ(PrintedName("a.com/b.(*List[go.shape.int]).Push"), "a.com/b.(*List[...]).Push");
  EXPECT_EQ(PrintedName("a.com/b.Map[...]"), "a.com/b.Map[...]");
  EXPECT_EQ(PrintedName("a]["), "a][");
  EXPECT_EQ(PrintedName(""), "");
}

}  // namespace
}  // namespace nodespan::goinspect
