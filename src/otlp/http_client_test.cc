// SPDX-License-Identifier: Apache-2.0
// The exporter over OTLP/HTTP, against a collector that behaves, and against collectors that do not.
#include "otlp/http_client.h"

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/version.h"
#include "otlp/delivery_test_base.h"
#include "proto/rpc_status.pb.h"
#include "tests/fakes/otlp_http_receiver.h"
#include "tests/fakes/raw_server.h"

namespace nodespan::otlp {
namespace {

using metrics::Counter;
using nodespan::testing::OtlpHttpAnswer;
using nodespan::testing::OtlpHttpCall;
using nodespan::testing::OtlpHttpReceiver;
using nodespan::testing::OtlpReceiver;
using nodespan::testing::RawServer;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Finish;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Pair;
using ::testing::SizeIs;

class HttpClientTest : public testing::DeliveryTest {
 protected:
  HttpClientTest() {
    options_.on_status = [this](const absl::Status& status) { reports_.push_back(status.ToString()); };
  }

  void StartReceiver() {
    receiver_ = OtlpHttpReceiver::Start();
    ASSERT_NE(receiver_, nullptr);
    client_options_.endpoint = receiver_->endpoint();
  }

  std::unique_ptr<OtlpExporter> Create() { return Wrap(HttpClient::Create(client_options_, &warnings_)); }

  HttpClientOptions client_options_;
  std::unique_ptr<OtlpHttpReceiver> receiver_;
  std::vector<std::string> reports_;
};

TEST_F(HttpClientTest, DeliversABatchAsOneRequestToThePathOfTraces) {
  StartReceiver();
  Export(*Create(), 100);
  EXPECT_EQ(receiver_->accepted_spans(), 100u);
  const std::vector<OtlpHttpCall> calls = receiver_->calls();
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_TRUE(calls[0].parsed);
  EXPECT_EQ(calls[0].target, "/v1/traces");
  EXPECT_THAT(calls[0].headers, Contains(Pair("Content-Type", "application/x-protobuf")));
  EXPECT_EQ(Count(Counter::kSpansExported), 100u);
  EXPECT_THAT(reports_, IsEmpty());
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(HttpClientTest, CompleteEndpointIsUsedAsItIs) {
  StartReceiver();
  client_options_.endpoint += "/tenant/7?x=y";
  client_options_.endpoint_is_complete = true;
  Export(*Create());
  EXPECT_EQ(receiver_->calls().at(0).target, "/tenant/7?x=y");
}

TEST_F(HttpClientTest, SendsUserAgentAndHeaders) {
  StartReceiver();
  client_options_.headers = {{"authorization", "Bearer t=1"}, {"token-bin", "AAEC"}};
  Export(*Create());
  const auto headers = receiver_->calls().at(0).headers;
  EXPECT_THAT(headers, Contains(Pair("authorization", "Bearer t=1")));
  EXPECT_THAT(headers, Contains(Pair("token-bin", "AAEC")));
  const std::string version(model::kVersion);
  EXPECT_THAT(headers, Contains(Pair("User-Agent", "nodespan/" + version + " OTel-OTLP-Exporter-Cpp/" + version)));
}

TEST_F(HttpClientTest, LeavesOutHeadersThatWouldChangeTheRequest) {
  StartReceiver();
  client_options_.headers = {{"bad key", "v"}, {"", "v"},       {"Host", "elsewhere"},      {"content-length", "1"},
                             {"a:b", "v"},     {"x", "1\r\nY"}, {"transfer-encoding", "x"}, {"ok", "fine"}};
  Export(*Create());
  EXPECT_EQ(receiver_->accepted_spans(), 2u);
  EXPECT_THAT(receiver_->calls().at(0).headers, Contains(Pair("ok", "fine")));
  EXPECT_THAT(warnings_, SizeIs(7));
  for (const std::string& warning : warnings_) {
    EXPECT_THAT(warning, HasSubstr("is left out"));
  }
}

TEST_F(HttpClientTest, GzipRequestsArriveWhole) {
  StartReceiver();
  client_options_.gzip = true;
  Export(*Create(), 100);
  EXPECT_EQ(receiver_->accepted_spans(), 100u);
  EXPECT_TRUE(receiver_->calls().at(0).parsed);
  EXPECT_THAT(receiver_->calls().at(0).headers, Contains(Pair("Content-Encoding", "gzip")));
}

TEST_F(HttpClientTest, LargeRequestIsSentWithoutAskingFirst) {
  StartReceiver();
  Export(*Create(), 6000);
  EXPECT_EQ(receiver_->accepted_spans(), 6000u);
  EXPECT_EQ(receiver_->calls().at(0).headers.count("Expect"), 0u);
}

TEST_F(HttpClientTest, ConnectionsAreUsedAgain) {
  StartReceiver();
  auto exporter = Create();
  for (int i = 0; i < 10; ++i) {
    Export(*exporter);
  }
  std::set<int> ports;
  for (const OtlpHttpCall& call : receiver_->calls()) {
    ports.insert(call.client_port);
  }
  EXPECT_THAT(ports, SizeIs(1));
}

TEST_F(HttpClientTest, SeveralRequestsAreUnderWayAtATime) {
  StartReceiver();
  receiver_->SetDefaultAnswer({.delay = std::chrono::milliseconds(300)});
  auto exporter = Create();
  const absl::Time start = absl::Now();
  for (int i = 0; i < 4; ++i) {
    Begin(*exporter);
  }
  EXPECT_FALSE(exporter->CanTake());
  Finish(*exporter);
  EXPECT_THAT(absl::Now() - start, AllOf(Ge(absl::Milliseconds(300)), Le(absl::Milliseconds(900))));
  EXPECT_EQ(Count(Counter::kSpansExported), 8u);
}

TEST_F(HttpClientTest, WakeEndsAWaitFromAnotherThreadAndBeforeIt) {
  StartReceiver();
  receiver_->SetDefaultAnswer({.delay = std::chrono::seconds(5)});
  auto exporter = Create();
  Begin(*exporter);
  exporter->Wake();
  exporter->Wait(absl::InfiniteFuture());
  std::thread waker([this, &exporter] {
    ASSERT_TRUE(receiver_->WaitForCalls(1));
    exporter->Wake();
  });
  exporter->Wait(absl::InfiniteFuture());
  waker.join();
  EXPECT_TRUE(exporter->IsBusy());
  exporter->Cancel();
  Finish(*exporter);
}

TEST_F(HttpClientTest, WaitEndsAtItsTime) {
  StartReceiver();
  receiver_->SetDefaultAnswer({.delay = std::chrono::seconds(5)});
  auto exporter = Create();
  Begin(*exporter);
  const absl::Time until = absl::Now() + absl::Milliseconds(50);
  exporter->Wait(until);
  EXPECT_THAT(absl::Now() - until, AllOf(Ge(absl::ZeroDuration()), Le(absl::Seconds(2))));
  EXPECT_TRUE(exporter->IsBusy());
  exporter->Cancel();
  Finish(*exporter);
  ExpectEverySpanCounted();
}

TEST_F(HttpClientTest, RetriesExactlyTheRetryableStatuses) {
  StartReceiver();
  auto exporter = Create();
  for (const int status : {301, 400, 401, 403, 404, 408, 413, 415, 429, 500, 501, 502, 503, 504, 505}) {
    SCOPED_TRACE(status);
    const size_t calls_before = receiver_->calls().size();
    const uint64_t dropped_before = Count(Counter::kSpansDroppedExport);
    receiver_->AnswerNext({.status = status, .content_type = "text/plain", .raw_body = "scripted"});
    Export(*exporter);
    const bool retryable = status == 429 || status == 502 || status == 503 || status == 504;
    EXPECT_EQ(receiver_->calls().size() - calls_before, retryable ? 2u : 1u);
    EXPECT_EQ(Count(Counter::kSpansDroppedExport) - dropped_before, retryable ? 0u : 2u);
    EXPECT_THAT(reports_, Contains(HasSubstr("HTTP status " + std::to_string(status) + ": scripted")));
  }
  ExpectEverySpanCounted();
}

TEST_F(HttpClientTest, RetryAfterIsWaitedFor) {
  StartReceiver();
  auto exporter = Create();
  receiver_->AnswerNext({.status = 429, .headers = {{"Retry-After", "1"}}});
  const absl::Time start = absl::Now();
  Export(*exporter);
  EXPECT_THAT(absl::Now() - start, Ge(absl::Seconds(1)));
  EXPECT_EQ(Count(Counter::kSpansExported), 2u);
}

TEST_F(HttpClientTest, RetryAfterLongerThanTheTimeoutGivesUpAtOnce) {
  StartReceiver();
  receiver_->AnswerNext({.status = 503, .headers = {{"Retry-After", "3600"}}});
  Export(*Create());
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 2u);
  // A date is an answer, too.
  receiver_->AnswerNext({.status = 503, .headers = {{"Retry-After", "Fri, 31 Dec 2199 23:59:59 GMT"}}});
  Export(*Create());
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 4u);
}

TEST_F(HttpClientTest, PartialSuccessIsCountedAndNeverRetried) {
  StartReceiver();
  receiver_->AnswerNext({.rejected_spans = 3, .partial_message = "too old"});
  Export(*Create(), 10);
  EXPECT_EQ(Count(Counter::kSpansExported), 7u);
  EXPECT_EQ(Count(Counter::kSpansRejected), 3u);
  EXPECT_THAT(receiver_->calls(), SizeIs(1));
  EXPECT_THAT(reports_, ElementsAre(HasSubstr("rejected 3 of 10 spans: too old")));
}

TEST_F(HttpClientTest, MessageOfTheStatusInTheBodyIsReported) {
  StartReceiver();
  google::rpc::Status status;
  status.set_message("no such tenant");
  receiver_->AnswerNext({.status = 403, .raw_body = status.SerializeAsString()});
  Export(*Create());
  EXPECT_THAT(reports_, ElementsAre(HasSubstr("HTTP status 403: no such tenant; 2 spans dropped")));
}

TEST_F(HttpClientTest, RedirectIsNotFollowed) {
  StartReceiver();
  const auto other = OtlpHttpReceiver::Start();
  ASSERT_NE(other, nullptr);
  receiver_->AnswerNext({.status = 308, .headers = {{"Location", other->endpoint() + "/v1/traces"}}});
  Export(*Create());
  EXPECT_THAT(other->calls(), IsEmpty());
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 2u);
  EXPECT_THAT(reports_, ElementsAre(HasSubstr("redirects to " + other->endpoint())));
}

TEST_F(HttpClientTest, AnswerWithoutEndIsNotReadToItsEnd) {
  StartReceiver();
  receiver_->AnswerNext({.raw_body = std::string(5'000'000, 'x')});
  Export(*Create());
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 2u);
  EXPECT_THAT(reports_, ElementsAre(HasSubstr("answer exceeds 4194304 bytes")));
}

TEST_F(HttpClientTest, GarbageInTheResponseIsAnErrorAndNotRetried) {
  StartReceiver();
  receiver_->AnswerNext({.raw_body = std::string("\x0A\xFF\xFF\xFF\xFF\x0F rubbish", 14)});
  Export(*Create());
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 2u);
  EXPECT_THAT(receiver_->calls(), SizeIs(1));
}

TEST_F(HttpClientTest, AbsentCollectorCostsNothing) {
  StartReceiver();
  const int port = receiver_->port();
  receiver_->Stop();
  options_.timeout = absl::Milliseconds(300);
  auto exporter = Create();
  Export(*exporter, 5);
  EXPECT_EQ(exporter->held_spans(), 5u);
  EXPECT_THAT(reports_.back(), AllOf(HasSubstr("UNAVAILABLE"), HasSubstr("5 spans wait")));
  receiver_ = OtlpHttpReceiver::Start({.port = port});
  ASSERT_NE(receiver_, nullptr);
  exporter->Retry(absl::Now() + absl::Seconds(20));
  Finish(*exporter);
  EXPECT_EQ(Count(Counter::kSpansExported), 5u);
  EXPECT_EQ(reports_.back(), "OK");
}

TEST_F(HttpClientTest, SlowCollectorIsLeftAtTheTimeout) {
  StartReceiver();
  options_.timeout = absl::Milliseconds(300);
  receiver_->SetDefaultAnswer({.delay = std::chrono::seconds(30)});
  const absl::Time start = absl::Now();
  Export(*Create(), 5);
  EXPECT_THAT(absl::Now() - start, AllOf(Ge(absl::Milliseconds(290)), Le(absl::Seconds(10))));
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 5u);
  EXPECT_THAT(reports_, ElementsAre(HasSubstr("DEADLINE_EXCEEDED")));
}

TEST_F(HttpClientTest, ConnectionThatIsResetIsTriedAgainAndHeld) {
  for (const char* reply :
       {"", "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 10\r\n\r\n\x0A"}) {
    const RawServer server(RawServer::Manner::kReplyAndReset, reply);
    client_options_.endpoint = server.endpoint();
    options_.timeout = absl::Milliseconds(300);
    auto exporter = Create();
    Export(*exporter, 5);
    EXPECT_EQ(exporter->held_spans(), 5u) << reply;
    exporter->DropHeld(Counter::kSpansDroppedShutdown);
    EXPECT_THAT(Count(Counter::kExportRetries), Ge(2u));
    ExpectEverySpanCounted();
  }
}

TEST_F(HttpClientTest, SomethingThatIsNoHttpServerCostsNothing) {
  for (const char* reply : {"\x16\x03\x01\x02", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/9.9 200 OK\r\n\r\n"}) {
    const RawServer server(RawServer::Manner::kReplyAndClose, reply);
    client_options_.endpoint = server.endpoint();
    options_.timeout = absl::Milliseconds(300);
    auto exporter = Create();
    Export(*exporter, 5);
    EXPECT_EQ(exporter->held_spans(), 5u) << reply;
    exporter->DropHeld(Counter::kSpansDroppedShutdown);
    ExpectEverySpanCounted();
  }
}

TEST_F(HttpClientTest, PortOfGrpcIsGuessedInTheMessage) {
  const auto grpc = OtlpReceiver::Start();
  ASSERT_NE(grpc, nullptr);
  client_options_.endpoint = grpc->endpoint();
  options_.timeout = absl::Milliseconds(300);
  auto exporter = Create();
  Export(*exporter, 5);
  EXPECT_EQ(exporter->held_spans(), 5u);
  EXPECT_THAT(reports_.back(), HasSubstr("is it the port of OTLP/gRPC?"));
}

TEST_F(HttpClientTest, ServerThatNeverSpeaksIsLeftAtTheTimeout) {
  const RawServer server(RawServer::Manner::kStaySilent, "");
  client_options_.endpoint = server.endpoint();
  options_.timeout = absl::Milliseconds(300);
  Export(*Create(), 5);
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 5u) << "it accepted the connection and the request";
}

TEST_F(HttpClientTest, CancelEndsWhatIsUnderWayAndAllLater) {
  StartReceiver();
  options_.timeout = absl::InfiniteDuration();
  receiver_->SetDefaultAnswer({.delay = std::chrono::minutes(5)});
  auto exporter = Create();
  std::thread canceller([this, &exporter] {
    ASSERT_TRUE(receiver_->WaitForCalls(1));
    exporter->Cancel();
  });
  Export(*exporter, 5);
  canceller.join();
  Export(*exporter, 5);
  EXPECT_EQ(Count(Counter::kSpansDroppedShutdown), 10u);
  EXPECT_THAT(receiver_->calls(), SizeIs(1));
}

TEST_F(HttpClientTest, RefusesABadEndpoint) {
  client_options_.endpoint = "unix:///run/otel.sock";
  EXPECT_EQ(HttpClient::Create(client_options_, &warnings_).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace nodespan::otlp
