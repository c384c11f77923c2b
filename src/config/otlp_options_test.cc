// SPDX-License-Identifier: Apache-2.0
#include "config/otlp_options.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

TEST(ParseEndpointTest, TakesUrlsHostsAndGrpcTargets) {
  struct {
    const char* text;
    const char* normalised;
  } cases[] = {
      {"http://localhost:4317", "http://localhost:4317"},
      {"HTTPS://Collector.example:443/v1/traces", "https://Collector.example:443/v1/traces"},
      {" http://[::1]:4317 ", "http://[::1]:4317"},
      {"http://[::1]", "http://[::1]"},
      {"https://collector", "https://collector"},
      {"collector:4317", "collector:4317"},
      {"collector", "collector"},
      {"dns:///collector:4317", "dns:///collector:4317"},
      {"unix:///run/otel.sock", "unix:///run/otel.sock"},
      {"unix:relative.sock", "unix:relative.sock"},
      {"ipv4:10.0.0.1:4317", "ipv4:10.0.0.1:4317"},
  };
  for (const auto& good : cases) {
    absl::StatusOr<std::string> endpoint = ParseEndpoint(good.text);
    ASSERT_TRUE(endpoint.ok()) << good.text << ": " << endpoint.status();
    EXPECT_EQ(*endpoint, good.normalised);
  }
}

TEST(ParseEndpointTest, RefusesBadOnesWithReasonAndFix) {
  struct {
    const char* text;
    const char* reason;
  } cases[] = {
      {"", "the host is missing"},
      {"http://", "the host is missing"},
      {"http:///path", "the host is missing"},
      {"http://:4317", "the host is missing"},
      {"[]:4317", "the host is missing"},
      {"http://host:", "the port is not a number"},
      {"host:0", "the port is not a number"},
      {"host:65536", "the port is not a number"},
      {"http://host:4317x", "the port is not a number"},
      {"::1:4317", "the host is missing"},
      {"http://[::1:4317", "the host lacks its ']'"},
      {"[::1]4317", "text between ']' and the port"},
      {"ftp://host:21", "the scheme is not supported"},
      {"host:4317/path", "there is a path without a scheme"},
      {"http://a b:1", "there is a blank"},
      {"http://a\nb:1", "there is a blank"},
      {"http://user:secret@host:4317", "user information is not supported"},
      {"unix://", "the address behind the scheme is missing"},
  };
  for (const auto& bad : cases) {
    absl::StatusOr<std::string> endpoint = ParseEndpoint(bad.text);
    ASSERT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument) << bad.text;
    std::string message(endpoint.status().message());
    EXPECT_THAT(message, HasSubstr(bad.reason)) << bad.text;
    EXPECT_THAT(message, HasSubstr("expected http://HOST:PORT")) << bad.text;
    EXPECT_THAT(message, Not(HasSubstr("secret")));
  }
}

TEST(ParseHeadersTest, LowersKeysDecodesAndTrimsValues) {
  Warnings warnings;
  EXPECT_THAT(ParseHeaders("V", "Authorization=Bearer%20abc%3D, x-a = b=c ,d=", warnings),
              ElementsAre(Pair("authorization", "Bearer abc="), Pair("x-a", "b=c"), Pair("d", "")));
  EXPECT_THAT(warnings.list(), IsEmpty());
}

TEST(ParseHeadersTest, DecodesBase64OfBinaryKeys) {
  Warnings warnings;
  // The client decodes what it sends as bytes.
  EXPECT_THAT(ParseHeaders("V", "token-bin=AAH/", warnings), ElementsAre(Pair("token-bin", "AAH/")));
}

TEST(ParseHeadersTest, LeavesOutBadPairsAndNeverRepeatsThem) {
  for (const char* bad :
       {"secret", "secret: x=1", "=secret", "a=secret%", "a=secret%0a", "a-bin=secret!", "s\xc3=secret"}) {
    Warnings warnings;
    EXPECT_THAT(ParseHeaders("THE_VARIABLE", std::string("good=1,") + bad, warnings), ElementsAre(Pair("good", "1")))
        << bad;
    ASSERT_EQ(warnings.list().size(), 1U) << bad;
    EXPECT_THAT(warnings.list()[0], HasSubstr("THE_VARIABLE: item 2: "));
    EXPECT_THAT(warnings.list()[0], HasSubstr("leaving this header out"));
    EXPECT_THAT(warnings.list()[0], Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace nodespan::config
