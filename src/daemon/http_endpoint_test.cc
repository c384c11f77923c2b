// SPDX-License-Identifier: Apache-2.0
#include "daemon/http_endpoint.h"

#include "gtest/gtest.h"
#include "httplib.h"

namespace nodespan::daemon {
namespace {

class HttpEndpointTest : public ::testing::Test {
 protected:
  void Start(const config::ListenAddress& address = {"127.0.0.1", 0}) {
    auto endpoint = HttpEndpoint::Start(address, {.why_not_alive = [this] { return why_not_alive_; },
                                                  .why_not_ready = [this] { return why_not_ready_; },
                                                  .metrics = [] { return std::string("nodespan_x 1\n"); }});
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    endpoint_ = *std::move(endpoint);
  }

  // "STATUS body"
  std::string Get(const std::string& path) {
    const httplib::Result result = httplib::Client("127.0.0.1", endpoint_->port()).Get(path);
    return result ? std::to_string(result->status) + " " + result->body : "no answer";
  }

  std::string why_not_alive_;
  std::string why_not_ready_;
  std::unique_ptr<HttpEndpoint> endpoint_;
};

TEST_F(HttpEndpointTest, AnswersProbesAndScrapes) {
  Start();
  EXPECT_EQ(Get("/healthz"), "200 ok\n");
  EXPECT_EQ(Get("/readyz"), "200 ok\n");
  EXPECT_EQ(Get("/metrics"), "200 nodespan_x 1\n");
  EXPECT_EQ(Get("/other").substr(0, 3), "404");
}

TEST_F(HttpEndpointTest, AProblemIsToldWithItsReason) {
  why_not_alive_ = "the loop hangs";
  why_not_ready_ = "the pods are not known yet";
  Start();
  EXPECT_EQ(Get("/healthz"), "503 the loop hangs\n");
  EXPECT_EQ(Get("/readyz"), "503 the pods are not known yet\n");
  EXPECT_EQ(Get("/metrics").substr(0, 3), "200");
}

TEST_F(HttpEndpointTest, WithoutAnAddressIpv4Works) {
  Start({"", 0});
  EXPECT_EQ(Get("/healthz"), "200 ok\n");
}

TEST_F(HttpEndpointTest, AnAddressThatIsNotOursIsAnError) {
  const auto endpoint = HttpEndpoint::Start({"192.0.2.1", 1}, {});
  EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace nodespan::daemon
