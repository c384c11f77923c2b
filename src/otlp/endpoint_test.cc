// SPDX-License-Identifier: Apache-2.0
#include "otlp/endpoint.h"

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::otlp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Accepted {
  const char* text;
  bool insecure;
  const char* target;
  bool use_tls;
};

TEST(EndpointTest, AcceptsEveryDocumentedForm) {
  for (const Accepted& accepted : {
           Accepted{"http://localhost:4317", false, "dns:///localhost:4317", false},
           Accepted{"https://collector.example:443", false, "dns:///collector.example:443", true},
           Accepted{"HTTPS://collector.example:443/", false, "dns:///collector.example:443", true},
           Accepted{"http://[::1]:4317", false, "dns:///[::1]:4317", false},
           Accepted{"collector:4317", false, "dns:///collector:4317", true},
           Accepted{"collector:4317", true, "dns:///collector:4317", false},
           Accepted{"dns:4317", true, "dns:///dns:4317", false},
           Accepted{"10.0.0.1:1", true, "dns:///10.0.0.1:1", false},
           Accepted{"dns:///collector:4317", false, "dns:///collector:4317", true},
           Accepted{"dns://8.8.8.8/collector:4317", true, "dns://8.8.8.8/collector:4317", false},
           Accepted{"dns:collector:4317", true, "dns:collector:4317", false},
           Accepted{"ipv4:10.0.0.1:4317,10.0.0.2:4317", true, "ipv4:10.0.0.1:4317,10.0.0.2:4317", false},
           Accepted{"ipv6:[::1]:4317", true, "ipv6:[::1]:4317", false},
           Accepted{"unix:///run/otel.sock", true, "unix:///run/otel.sock", false},
           Accepted{"unix:otel.sock", true, "unix:otel.sock", false},
           Accepted{"unix-abstract:otel", true, "unix-abstract:otel", false},
       }) {
    const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(accepted.text, accepted.insecure);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(endpoint->target, accepted.target);
    EXPECT_EQ(endpoint->use_tls, accepted.use_tls) << accepted.text;
    EXPECT_THAT(endpoint->warnings, IsEmpty()) << accepted.text;
  }
}

TEST(EndpointTest, SchemeBeatsInsecure) {
  EXPECT_TRUE(ParseEndpoint("https://collector:4317", /*insecure=*/true)->use_tls);
  EXPECT_FALSE(ParseEndpoint("http://collector:4317", /*insecure=*/false)->use_tls);
}

TEST(EndpointTest, MissingPortBecomes4317WithAWarning) {
  for (const char* text : {"http://collector", "https://collector/", "collector", "http://[fe80::1]"}) {
    const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(text, true);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_THAT(endpoint->target, ::testing::EndsWith(":4317"));
    EXPECT_THAT(endpoint->warnings, ElementsAre(HasSubstr("has no port, using 4317"))) << text;
  }
  EXPECT_EQ(ParseEndpoint("dns:///collector", true)->target, "dns:///collector:4317");
}

TEST(EndpointTest, PathIsIgnoredWithAWarning) {
  const absl::StatusOr<Endpoint> endpoint = ParseEndpoint("http://collector:4317/v1/traces", false);
  ASSERT_TRUE(endpoint.ok());
  EXPECT_EQ(endpoint->target, "dns:///collector:4317");
  EXPECT_THAT(endpoint->warnings, ElementsAre(HasSubstr("\"/v1/traces\" is ignored")));
}

TEST(EndpointTest, RefusesWhatCannotBeAnAddressAndSaysWhy) {
  for (const auto& [text, why] : {std::pair{"", "empty"},
                                  {"http://", "no host"},
                                  {"http://:4317", "no host"},
                                  {":4317", "no host"},
                                  {"collector:", "the port must be"},
                                  {"collector:0", "the port must be"},
                                  {"collector:65536", "the port must be"},
                                  {"collector:43x7", "the port must be"},
                                  {"http://[::1", "missing ]"},
                                  {"http://[]:1", "no host"},
                                  {"::1", "needs brackets"},
                                  {"http://user:pw@collector:4317", "user and password"},
                                  {"ftp://collector:4317", "unknown scheme"},
                                  {"dns://collector:4317", "write dns:///host:port"},
                                  {"unix://", "no socket path"},
                                  {"http://coll ector:4317", "character"},
                                  {"http://collector\n:4317", "character"}}) {
    const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(text, false);
    ASSERT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(base::Message(endpoint.status())), HasSubstr(why)) << text;
  }
}

}  // namespace
}  // namespace nodespan::otlp
