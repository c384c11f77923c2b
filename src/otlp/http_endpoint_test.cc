// SPDX-License-Identifier: Apache-2.0
#include "otlp/http_endpoint.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::otlp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParseHttpEndpointTest, BaseUrlsGetThePathOfTraces) {
  struct {
    const char* text;
    const char* url;
  } cases[] = {
      {"http://localhost:4318", "http://localhost:4318/v1/traces"},
      {"http://localhost:4318/", "http://localhost:4318/v1/traces"},
      {"https://otel.example", "https://otel.example/v1/traces"},
      {"https://otel.example/base", "https://otel.example/base/v1/traces"},
      {"https://otel.example/base/", "https://otel.example/base/v1/traces"},
      {"http://[::1]:4318", "http://[::1]:4318/v1/traces"},
      {"https://otel.example/otlp?tenant=a", "https://otel.example/otlp/v1/traces?tenant=a"},
      {"http://otel.example#part", "http://otel.example/v1/traces"},
      {"collector:4318", "https://collector:4318/v1/traces"},
  };
  for (const auto& good : cases) {
    const absl::StatusOr<std::string> url = ParseHttpEndpoint(good.text, /*insecure=*/false, /*is_complete=*/false);
    ASSERT_TRUE(url.ok()) << good.text << ": " << url.status();
    EXPECT_EQ(*url, good.url);
  }
}

TEST(ParseHttpEndpointTest, CompleteUrlsAreUsedAsTheyAre) {
  for (const char* text : {"http://localhost:4318/custom", "https://otel.example/a/b?c=d", "http://localhost:4318/"}) {
    EXPECT_EQ(*ParseHttpEndpoint(text, /*insecure=*/false, /*is_complete=*/true), text);
  }
  EXPECT_EQ(*ParseHttpEndpoint("http://localhost:4318", false, true), "http://localhost:4318/");
}

TEST(ParseHttpEndpointTest, InsecureDecidesWithoutAScheme) {
  EXPECT_EQ(*ParseHttpEndpoint("collector:4318", /*insecure=*/true, false), "http://collector:4318/v1/traces");
  EXPECT_EQ(*ParseHttpEndpoint("https://collector:4318", /*insecure=*/true, false), "https://collector:4318/v1/traces");
}

TEST(ParseHttpEndpointTest, RefusesWhatIsNoAddressAndSaysWhy) {
  struct {
    const char* text;
    const char* reason;
  } cases[] = {
      {"", "No host part"},
      {"http://", "No host part"},
      {"http://host:99999", "Port number"},
      {"http://a b", "contains a character"},
      {"ftp://host/x", "needs http:// or https://"},
      {"unix:///run/otel.sock", "OTLP endpoint"},
      {"dns:///collector:4317", "OTLP endpoint"},
      {"http://user:secret@host:1", "OTEL_EXPORTER_OTLP_HEADERS"},
  };
  for (const auto& bad : cases) {
    const absl::StatusOr<std::string> url = ParseHttpEndpoint(bad.text, false, false);
    ASSERT_EQ(url.status().code(), absl::StatusCode::kInvalidArgument) << bad.text;
    EXPECT_THAT(url.status().ToString(), HasSubstr(bad.reason)) << bad.text;
    EXPECT_THAT(url.status().ToString(), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace nodespan::otlp
