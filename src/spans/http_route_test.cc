// SPDX-License-Identifier: Apache-2.0
#include "spans/http_route.h"

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

using events::HttpServerEvent;
using events::RouteSource;

HttpServerEvent Event(RouteSource source, std::string_view pattern, std::string_view uri = "/users/42?x=1") {
  HttpServerEvent event;
  event.route_source = source;
  event.method.text = "GET";
  event.uri.text = uri;
  event.pattern.text = pattern;
  return event;
}

constexpr uint16_t kOk = 200;
constexpr uint16_t kNotFound = 404;

TEST(HttpRouteTest, SyntaxOfEachRouterIsPassedThrough) {
  EXPECT_EQ(HttpRoute(Event(RouteSource::kServeMux, "GET shop.example/users/{id}"), kOk), "/users/{id}");
  EXPECT_EQ(HttpRoute(Event(RouteSource::kGin, "/files/*rest"), kOk), "/files/*rest");
  EXPECT_EQ(HttpRoute(Event(RouteSource::kEcho, "/users/:id"), kOk), "/users/:id");
  EXPECT_EQ(HttpRoute(Event(RouteSource::kFiber, "/users/:id<int>/*"), kOk), "/users/:id<int>/*");
  EXPECT_EQ(HttpRoute(Event(RouteSource::kGorilla, "/n/{id:[0-9]+}"), kOk), "/n/{id:[0-9]+}");
  EXPECT_EQ(HttpRoute(Event(RouteSource::kChi, "/api/*/v1/*/users/{id}"), kOk), "/api/v1/users/{id}");
}

TEST(HttpRouteTest, NoRouteWithoutARouterOrWhenItFoundNone) {
  EXPECT_EQ(HttpRoute(Event(RouteSource::kNone, "/left/over"), kOk), "");
  EXPECT_EQ(HttpRoute(Event(RouteSource::kGin, ""), kNotFound), "");
  EXPECT_EQ(HttpRoute(Event(RouteSource::kServeMux, ""), kNotFound), "");
}

TEST(HttpRouteTest, PathThatEchoRepeatsIsNoRoute) {
  EXPECT_EQ(HttpRoute(Event(RouteSource::kEcho, "/users/42"), kNotFound), "");
  EXPECT_EQ(HttpRoute(Event(RouteSource::kEcho, "/a b/", "/a%20b/"), kNotFound), "");
  EXPECT_EQ(HttpRoute(Event(RouteSource::kEcho, "/users/:id"), kNotFound), "/users/:id");
  EXPECT_EQ(HttpRoute(Event(RouteSource::kEcho, "/users/42"), kOk), "/users/42");
  EXPECT_EQ(HttpRoute(Event(RouteSource::kGin, "/users/42"), kNotFound), "/users/42");
}

TEST(HttpRouteTest, PathIsComparedWithItsEscapes) {
  EXPECT_TRUE(IsPathAndNoRoute("/a%2Fb", "/a%2Fb"));
  EXPECT_TRUE(IsPathAndNoRoute("/a/b", "/a%2fb"));
  EXPECT_TRUE(IsPathAndNoRoute("/100%", "/100%"));
  EXPECT_FALSE(IsPathAndNoRoute("/a", "/a/b"));
  EXPECT_FALSE(IsPathAndNoRoute("/a/b", "/a"));
}

TEST(HttpRouteTest, ChiPatternsAreJoinedAsChiDoes) {
  EXPECT_EQ(RouteOfChi("/", false), "/");
  EXPECT_EQ(RouteOfChi("/*/", false), "/");
  EXPECT_EQ(RouteOfChi("/files/*", false), "/files/*");
  EXPECT_EQ(RouteOfChi("/api/*/v1/*/", false), "/api/v1");
  EXPECT_EQ(RouteOfChi("/a/*/*/b", false), "/a/b");
  EXPECT_EQ(RouteOfChi("/a//", false), "/a");
  EXPECT_EQ(RouteOfChi("", false), "");
}

TEST(HttpRouteTest, CutRouteKeepsItsEnd) {
  EXPECT_EQ(RouteOfChi("/api/*/v1/", true), "/api/v1/");
  HttpServerEvent event = Event(RouteSource::kGin, "/\xE2\x82");
  event.pattern.cut = true;
  EXPECT_EQ(HttpRoute(event, kOk), "/");
}

}  // namespace
}  // namespace nodespan::spans
