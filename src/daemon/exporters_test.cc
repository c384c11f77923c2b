// SPDX-License-Identifier: Apache-2.0
#include "daemon/exporters.h"

#include <string>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "otlp/test_spans.h"
#include "tests/fakes/otlp_http_receiver.h"

namespace nodespan::daemon {
namespace {

using nodespan::testing::OtlpHttpReceiver;
using nodespan::testing::OtlpReceiver;

class ExportersTest : public ::testing::Test {
 protected:
  // True: what the configuration asks for delivered a span.
  bool Export() {
    const auto processor = MakeBatchProcessor(config_, &counters_);
    EXPECT_TRUE(processor.ok()) << processor.status();
    if (!processor.ok()) {
      return false;
    }
    (*processor)->Add(otlp::testing::MakeHttpSpans(1, otlp::testing::MakeResource("shop")));
    (*processor)->Shutdown(absl::Now() + absl::Seconds(10));
    return counters_.Get(metrics::Counter::kSpansExported) == 1;
  }

  config::Config config_;
  metrics::Counters counters_;
};

TEST_F(ExportersTest, GrpcIsTheProtocolUnlessToldOtherwise) {
  const auto receiver = OtlpReceiver::Start();
  ASSERT_NE(receiver, nullptr);
  config_.otlp.endpoint = receiver->endpoint();
  EXPECT_TRUE(Export());
}

TEST_F(ExportersTest, HttpAppendsThePathOfTracesToABaseUrlOnly) {
  const auto receiver = OtlpHttpReceiver::Start();
  ASSERT_NE(receiver, nullptr);
  config_.otlp.protocol = config::OtlpProtocol::kHttpProtobuf;
  config_.otlp.endpoint = receiver->endpoint() + "/base";
  config_.otlp.endpoint_form = config::EndpointForm::kBase;
  EXPECT_TRUE(Export());
  EXPECT_EQ(receiver->calls().at(0).target, "/base/v1/traces");
  config_.otlp.endpoint_form = config::EndpointForm::kComplete;
  (void)Export();
  EXPECT_EQ(receiver->calls().at(1).target, "/base");
}

TEST_F(ExportersTest, HttpWithoutAnEndpointGoesToItsOwnPort) {
  const auto receiver = OtlpHttpReceiver::Start({.port = 4318});
  if (receiver == nullptr) {
    GTEST_SKIP() << "port 4318 is in use on this machine";
  }
  config_.otlp.protocol = config::OtlpProtocol::kHttpProtobuf;
  EXPECT_TRUE(Export());
  EXPECT_EQ(receiver->calls().at(0).target, "/v1/traces");
}

TEST_F(ExportersTest, BadEndpointIsAnErrorThatNamesIt) {
  config_.otlp.protocol = config::OtlpProtocol::kHttpProtobuf;
  config_.otlp.endpoint = "unix:///run/otel.sock";
  config_.otlp.endpoint_form = config::EndpointForm::kBase;
  const auto processor = MakeBatchProcessor(config_, &counters_);
  EXPECT_EQ(processor.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(processor.status().ToString().find("unix:///run/otel.sock"), std::string::npos);
}

}  // namespace
}  // namespace nodespan::daemon
