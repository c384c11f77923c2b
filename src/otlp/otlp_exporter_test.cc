// SPDX-License-Identifier: Apache-2.0
// The exporter against a collector that behaves, and against collectors that do not.
#include "otlp/otlp_exporter.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "export/batch_processor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/version.h"
#include "otlp/delivery_test_base.h"
#include "otlp/grpc_client.h"
#include "tests/fakes/otlp_http_receiver.h"
#include "tests/fakes/otlp_receiver.h"
#include "tests/fakes/raw_server.h"

namespace nodespan::otlp {
namespace {

using metrics::Counter;
using nodespan::testing::OtlpAnswer;
using nodespan::testing::OtlpCall;
using nodespan::testing::OtlpReceiver;
using nodespan::testing::RawServer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::Finish;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using testing::MakeHttpSpans;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr auto kUnavailable = static_cast<int>(absl::StatusCode::kUnavailable);
constexpr auto kResourceExhausted = static_cast<int>(absl::StatusCode::kResourceExhausted);

class OtlpExporterTest : public testing::DeliveryTest {
 protected:
  OtlpExporterTest() {
    client_options_.max_reconnect_interval = absl::Milliseconds(100);
    options_.on_status = [this](const absl::Status& status) {
      absl::MutexLock lock(&mutex_);
      reports_.push_back(status);
    };
  }

  void StartReceiver() {
    receiver_ = OtlpReceiver::Start();
    ASSERT_NE(receiver_, nullptr);
    client_options_.endpoint = receiver_->endpoint();
  }

  std::unique_ptr<OtlpExporter> Create() { return Wrap(GrpcClient::Create(client_options_, &warnings_)); }

  static void Retry(OtlpExporter& exporter) {
    exporter.Retry(absl::Now() + absl::Seconds(20));
    Finish(exporter);
  }

  std::vector<std::string> Reports() {
    absl::MutexLock lock(&mutex_);
    std::vector<std::string> texts;
    for (const absl::Status& status : reports_) {
      texts.push_back(status.ToString());
    }
    return texts;
  }

  GrpcClientOptions client_options_;
  std::unique_ptr<OtlpReceiver> receiver_;
  absl::Mutex mutex_;
  std::vector<absl::Status> reports_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(OtlpExporterTest, DeliversABatchAsOneRequest) {
  StartReceiver();
  Export(*Create(), 100);
  EXPECT_EQ(receiver_->accepted_spans(), 100u);
  const std::vector<OtlpCall> calls = receiver_->calls();
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_TRUE(calls[0].parsed);
  EXPECT_EQ(receiver_->spans().at(99).name(), "GET /users/{id}");
  EXPECT_EQ(Count(Counter::kSpansExported), 100u);
  EXPECT_EQ(Count(Counter::kExportRequests), 1u);
  EXPECT_THAT(Reports(), IsEmpty());
}

TEST_F(OtlpExporterTest, SendsUserAgentAndHeaders) {
  StartReceiver();
  client_options_.headers = {{"Authorization", "Bearer t=1"}, {"trace-bin", "AAEC"}};
  Export(*Create(), 1);
  ASSERT_THAT(receiver_->calls(), SizeIs(1));
  const auto metadata = receiver_->calls()[0].metadata;
  EXPECT_THAT(metadata, ::testing::Contains(Pair("authorization", "Bearer t=1")));
  EXPECT_THAT(metadata, ::testing::Contains(Pair("trace-bin", std::string("\0\1\2", 3))));
  const std::string version(model::kVersion);
  EXPECT_THAT(metadata,
              ::testing::Contains(Pair(
                  "user-agent", ::testing::StartsWith("nodespan/" + version + " OTel-OTLP-Exporter-Cpp/" + version))));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(OtlpExporterTest, LeavesOutHeadersThatGrpcWouldAbortOn) {
  StartReceiver();
  client_options_.headers = {{"bad key", "v"},  {"", "v"},           {"grpc-timeout", "1S"}, {":path", "/x"},
                             {"bad", "line\n"}, {"x-bin", "***"},    {"te", "trailers"},     {"ok", "fine"},
                             {"umlaut", "ü"},   {"user-agent", "me"}};
  Export(*Create(), 1);
  EXPECT_EQ(receiver_->accepted_spans(), 1u);
  EXPECT_THAT(receiver_->calls().at(0).metadata, ::testing::Contains(Pair("ok", "fine")));
  EXPECT_THAT(warnings_, SizeIs(9));
  for (const std::string& warning : warnings_) {
    EXPECT_THAT(warning, HasSubstr("is left out"));
  }
}

TEST_F(OtlpExporterTest, WarningsOfTheEndpointAreReturned) {
  StartReceiver();
  client_options_.endpoint += "/v1/traces";
  Export(*Create(), 1);
  EXPECT_EQ(receiver_->accepted_spans(), 1u);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("is ignored")));
}

TEST_F(OtlpExporterTest, GzipRequestsArriveWhole) {
  StartReceiver();
  client_options_.gzip = true;
  Export(*Create(), 100);
  EXPECT_EQ(receiver_->accepted_spans(), 100u);
  EXPECT_TRUE(receiver_->calls().at(0).parsed);
}

TEST_F(OtlpExporterTest, CompressesOnlyWhenAsked) {
  receiver_ = OtlpReceiver::Start({.refuse_gzip = true});
  ASSERT_NE(receiver_, nullptr);
  client_options_.endpoint = receiver_->endpoint();
  Export(*Create(), 100);
  EXPECT_EQ(receiver_->accepted_spans(), 100u);
  client_options_.gzip = true;
  Export(*Create(), 100);
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 100u);
  EXPECT_THAT(Reports(), ElementsAre(HasSubstr("UNIMPLEMENTED")));
}

TEST_F(OtlpExporterTest, WorksOverAUnixSocket) {
  const std::string path = ::testing::TempDir() + "/nodespan-otlp-" + std::to_string(::getpid()) + ".sock";
  receiver_ = OtlpReceiver::Start({.listen = "unix:" + path});
  ASSERT_NE(receiver_, nullptr);
  client_options_.endpoint = "unix://" + path;
  client_options_.insecure = true;
  Export(*Create(), 3);
  EXPECT_EQ(receiver_->accepted_spans(), 3u);
}

TEST_F(OtlpExporterTest, RefusesABadEndpoint) {
  client_options_.endpoint = "ftp://x:1";
  EXPECT_EQ(GrpcClient::Create(client_options_, &warnings_).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(OtlpExporterTest, SplitsABatchThatIsTooLargeForOneRequest) {
  StartReceiver();
  options_.max_request_bytes = 4000;
  Export(*Create(), 100);
  EXPECT_EQ(receiver_->accepted_spans(), 100u);
  EXPECT_THAT(receiver_->calls().size(), Ge(5u));
  for (const OtlpCall& call : receiver_->calls()) {
    EXPECT_THAT(call.request_bytes, Le(4000u));
  }
  EXPECT_EQ(Count(Counter::kSpansExported), 100u);
}

TEST_F(OtlpExporterTest, CountsASpanTooLargeToSend) {
  StartReceiver();
  options_.max_request_bytes = 100;
  Export(*Create(), 2);
  EXPECT_THAT(receiver_->calls(), IsEmpty());
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 2u);
  EXPECT_THAT(Reports(), ElementsAre(HasSubstr("spans larger than 100 bytes; 2 spans dropped")));
}

TEST_F(OtlpExporterTest, PartialSuccessIsCountedAndNeverRetried) {
  StartReceiver();
  receiver_->AnswerNext({.rejected_spans = 3, .partial_message = "too old"});
  Export(*Create(), 10);
  EXPECT_EQ(Count(Counter::kSpansExported), 7u);
  EXPECT_EQ(Count(Counter::kSpansRejected), 3u);
  EXPECT_THAT(receiver_->calls(), SizeIs(1));
  EXPECT_THAT(Reports(), ElementsAre(HasSubstr("rejected 3 of 10 spans: too old")));
}

TEST_F(OtlpExporterTest, WarningWithoutRejectionIsReportedAndExported) {
  StartReceiver();
  receiver_->AnswerNext({.partial_message = "deprecated"});
  Export(*Create(), 10);
  EXPECT_EQ(Count(Counter::kSpansExported), 10u);
  EXPECT_THAT(Reports(), ElementsAre(HasSubstr("rejected 0 of 10 spans: deprecated")));
}

TEST_F(OtlpExporterTest, ImpossibleRejectionCountsAreClamped) {
  StartReceiver();
  auto exporter = Create();
  receiver_->AnswerNext({.rejected_spans = -5});
  Export(*exporter, 4);
  EXPECT_EQ(Count(Counter::kSpansExported), 4u);
  receiver_->AnswerNext({.rejected_spans = 1'000'000});
  Export(*exporter, 4);
  EXPECT_EQ(Count(Counter::kSpansRejected), 4u);
  ExpectEverySpanCounted();
}

TEST_F(OtlpExporterTest, RetriesExactlyTheRetryableCodes) {
  StartReceiver();
  auto exporter = Create();
  for (int code = 1; code <= 16; ++code) {
    SCOPED_TRACE(code);
    const size_t calls_before = receiver_->calls().size();
    const uint64_t dropped_before = Count(Counter::kSpansDroppedExport);
    receiver_->AnswerNext({.code = code, .message = "scripted"});
    Export(*exporter, 2);
    const bool retryable = IsRetryable(static_cast<absl::StatusCode>(code), std::nullopt);
    EXPECT_EQ(receiver_->calls().size() - calls_before, retryable ? 2u : 1u);
    EXPECT_EQ(Count(Counter::kSpansDroppedExport) - dropped_before, retryable ? 0u : 2u);
  }
  EXPECT_EQ(Count(Counter::kExportRetries), 6u);
  EXPECT_EQ(Count(Counter::kExportRequests), 22u);
  ExpectEverySpanCounted();
}

TEST_F(OtlpExporterTest, ResourceExhaustedIsRetriedOnlyWithRetryInfoAndNotTooEarly) {
  StartReceiver();
  auto exporter = Create();
  receiver_->AnswerNext({.code = kResourceExhausted, .retry_delay = std::chrono::milliseconds(200)});
  const absl::Time start = absl::Now();
  Export(*exporter, 2);
  EXPECT_THAT(absl::Now() - start, Ge(absl::Milliseconds(200)));
  EXPECT_EQ(Count(Counter::kSpansExported), 2u);
  receiver_->AnswerNext({.code = kResourceExhausted});
  Export(*exporter, 2);
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 2u);
  EXPECT_THAT(receiver_->calls(), SizeIs(3));
}

TEST_F(OtlpExporterTest, RetryDelayLongerThanTheTimeoutGivesUpAtOnce) {
  StartReceiver();
  receiver_->AnswerNext({.code = kUnavailable, .retry_delay = std::chrono::hours(1)});
  const absl::Time start = absl::Now();
  Export(*Create(), 2);
  EXPECT_THAT(absl::Now() - start, Le(absl::Seconds(5)));
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 2u);
}

TEST_F(OtlpExporterTest, GarbageInTheStatusDetailsIsNoRetryInfo) {
  StartReceiver();
  receiver_->AnswerNext({.code = kResourceExhausted, .raw_details = std::string("\xFF\x00\x01garbage\x1A", 11)});
  Export(*Create(), 2);
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 2u);
}

TEST_F(OtlpExporterTest, RetryInfoIsReadFromTheBytesTheStandardTypesHave) {
  StartReceiver();
  // google.rpc.Status{code 8, details: Any{RetryInfo{retry_delay: Duration{nanos: 150000000}}}}, written out by hand.
  const std::string type_url = "type.googleapis.com/google.rpc.RetryInfo";
  const std::string retry_info("\x0A\x05\x10\x80\xA3\xC3\x47", 7);
  std::string any = "\x0A" + std::string(1, static_cast<char>(type_url.size())) + type_url + "\x12" +
                    std::string(1, static_cast<char>(retry_info.size())) + retry_info;
  receiver_->AnswerNext({.code = kResourceExhausted,
                         .raw_details = "\x08\x08\x1A" + std::string(1, static_cast<char>(any.size())) + any});
  const absl::Time start = absl::Now();
  Export(*Create(), 2);
  EXPECT_THAT(absl::Now() - start, Ge(absl::Milliseconds(150)));
  EXPECT_EQ(Count(Counter::kSpansExported), 2u);
}

TEST_F(OtlpExporterTest, ReportsRecoveryOnce) {
  StartReceiver();
  auto exporter = Create();
  receiver_->AnswerNext({.code = kUnavailable, .message = "busy"});
  Export(*exporter, 2);
  Export(*exporter, 2);
  EXPECT_THAT(Reports(), ElementsAre(AllOf(HasSubstr("busy"), HasSubstr("retrying 2 spans")), "OK"));
}

TEST_F(OtlpExporterTest, HoldsTheBatchWhenTheCollectorStaysUnavailableUntilTheTimeout) {
  StartReceiver();
  options_.timeout = absl::Milliseconds(300);
  receiver_->SetDefaultAnswer({.code = kUnavailable});
  const absl::Time start = absl::Now();
  auto exporter = Create();
  Export(*exporter, 2);
  EXPECT_THAT(absl::Now() - start, Le(absl::Seconds(5)));
  EXPECT_EQ(exporter->held_spans(), 2u);
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 0u);
  EXPECT_THAT(Count(Counter::kExportRetries), Ge(2u));

  receiver_->SetDefaultAnswer({});
  Retry(*exporter);
  EXPECT_EQ(exporter->held_spans(), 0u);
  EXPECT_EQ(Count(Counter::kSpansExported), 2u);
  EXPECT_EQ(receiver_->accepted_spans(), 2u);
  EXPECT_EQ(Reports().back(), "OK");
}

TEST_F(OtlpExporterTest, HoldsAllRequestsOfABatchAndDeliversEachOnce) {
  StartReceiver();
  options_.timeout = absl::Milliseconds(200);
  options_.max_request_bytes = 2000;
  receiver_->SetDefaultAnswer({.code = kUnavailable});
  auto exporter = Create();
  Export(*exporter, 50);
  EXPECT_EQ(exporter->held_spans(), 50u);
  Retry(*exporter);
  EXPECT_EQ(exporter->held_spans(), 50u);
  receiver_->SetDefaultAnswer({});
  Retry(*exporter);
  EXPECT_EQ(exporter->held_spans(), 0u);
  EXPECT_EQ(receiver_->accepted_spans(), 50u);
  EXPECT_EQ(Count(Counter::kSpansExported), 50u);
}

TEST_F(OtlpExporterTest, HeldSpansThatAreGivenUpAreCounted) {
  StartReceiver();
  receiver_->Stop();
  options_.timeout = absl::Milliseconds(100);
  auto exporter = Create();
  Export(*exporter, 5);
  exporter->DropHeld(Counter::kSpansDroppedQueueFull);
  exporter->DropHeld(Counter::kSpansDroppedQueueFull);
  EXPECT_EQ(exporter->held_spans(), 0u);
  EXPECT_EQ(Count(Counter::kSpansDroppedQueueFull), 5u);
  EXPECT_THAT(Reports().back(), HasSubstr("5 spans dropped"));
}

// Collectors that misbehave.

TEST_F(OtlpExporterTest, AbsentCollectorCostsNothing) {
  StartReceiver();
  receiver_->Stop();
  options_.timeout = absl::Milliseconds(300);
  auto exporter = Create();
  Export(*exporter, 5);
  EXPECT_EQ(exporter->held_spans(), 5u);
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 0u);
  EXPECT_THAT(Reports().back(), AllOf(HasSubstr("UNAVAILABLE"), HasSubstr("5 spans wait")));
}

TEST_F(OtlpExporterTest, SlowCollectorIsLeftAtTheTimeout) {
  StartReceiver();
  options_.timeout = absl::Milliseconds(300);
  receiver_->SetDefaultAnswer({.delay = std::chrono::seconds(30)});
  const absl::Time start = absl::Now();
  Export(*Create(), 5);
  EXPECT_THAT(absl::Now() - start, AllOf(Ge(absl::Milliseconds(290)), Le(absl::Seconds(10))));
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 5u);
  EXPECT_THAT(Reports(), ElementsAre(HasSubstr("DEADLINE_EXCEEDED")));
}

TEST_F(OtlpExporterTest, DeadlineOfTheCallerIsKeptToo) {
  StartReceiver();
  receiver_->SetDefaultAnswer({.delay = std::chrono::seconds(30)});
  const absl::Time start = absl::Now();
  Export(*Create(), 5, absl::Milliseconds(200));
  EXPECT_THAT(absl::Now() - start, Le(absl::Seconds(8)));
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 5u);
}

TEST_F(OtlpExporterTest, GarbageResponseIsAnErrorAndNotRetried) {
  StartReceiver();
  receiver_->AnswerNext({.raw_response = std::string("\x0A\xFF\xFF\xFF\xFF\x0F rubbish", 14)});
  Export(*Create(), 5);
  EXPECT_EQ(Count(Counter::kSpansDroppedExport), 5u);
  EXPECT_THAT(receiver_->calls(), SizeIs(1));
  EXPECT_THAT(Reports(), ElementsAre(HasSubstr("not an OTLP response")));
}

TEST_F(OtlpExporterTest, SomethingThatIsNoGrpcServerCostsNothing) {
  for (const char* reply : {"HTTP/1.1 400 Bad Request\r\n\r\n", "\x16\x03\x01\x02\x00", "\xFF\xFE\xFD\xFC",
                            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
    const RawServer server(RawServer::Manner::kReplyAndClose, reply);
    client_options_.endpoint = server.endpoint();
    options_.timeout = absl::Milliseconds(300);
    auto exporter = Create();
    Export(*exporter, 5);
    EXPECT_EQ(exporter->held_spans(), 5u);
    exporter->DropHeld(Counter::kSpansDroppedShutdown);
    ExpectEverySpanCounted();
  }
}

TEST_F(OtlpExporterTest, PortOfHttpCostsNothing) {
  const auto http = nodespan::testing::OtlpHttpReceiver::Start();
  ASSERT_NE(http, nullptr);
  client_options_.endpoint = http->endpoint();
  options_.timeout = absl::Milliseconds(300);
  auto exporter = Create();
  Export(*exporter, 5);
  EXPECT_EQ(exporter->held_spans(), 5u);
  EXPECT_THAT(http->calls(), IsEmpty());
}

TEST_F(OtlpExporterTest, ConnectionThatIsResetIsTriedAgainAndHeld) {
  // The settings that an HTTP/2 server begins with, and half of a frame of an answer.
  const std::string settings("\x00\x00\x00\x04\x00\x00\x00\x00\x00", 9);
  for (const std::string& reply : {std::string(), settings, settings + std::string("\x00\x00\x20\x01\x04", 5)}) {
    const RawServer server(RawServer::Manner::kReplyAndReset, reply);
    client_options_.endpoint = server.endpoint();
    options_.timeout = absl::Milliseconds(300);
    auto exporter = Create();
    Export(*exporter, 5);
    EXPECT_EQ(exporter->held_spans(), 5u) << reply.size();
    exporter->DropHeld(Counter::kSpansDroppedShutdown);
    ExpectEverySpanCounted();
  }
}

TEST_F(OtlpExporterTest, ServerThatNeverSpeaksIsLeftAtTheTimeout) {
  const RawServer server(RawServer::Manner::kStaySilent, "");
  client_options_.endpoint = server.endpoint();
  options_.timeout = absl::Milliseconds(300);
  const absl::Time start = absl::Now();
  auto exporter = Create();
  Export(*exporter, 5);
  EXPECT_THAT(absl::Now() - start, Le(absl::Seconds(10)));
  EXPECT_EQ(exporter->held_spans(), 5u);
}

TEST_F(OtlpExporterTest, CollectorThatDiesMidCallAndReturnsLosesNothing) {
  StartReceiver();
  receiver_->SetDefaultAnswer({.delay = std::chrono::seconds(30)});
  options_.timeout = absl::Seconds(20);
  auto exporter = Create();
  std::thread restart([this] {
    ASSERT_TRUE(receiver_->WaitForCalls(1));
    const int port = receiver_->port();
    receiver_->Stop();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // a while of connection refused
    receiver_ = OtlpReceiver::Start({.listen = "127.0.0.1:" + std::to_string(port)});
    ASSERT_NE(receiver_, nullptr);
  });
  Export(*exporter, 5);
  restart.join();
  EXPECT_EQ(receiver_->accepted_spans(), 5u);
  EXPECT_EQ(Count(Counter::kSpansExported), 5u);
  EXPECT_THAT(Count(Counter::kExportRetries), Ge(1u));
  EXPECT_EQ(Reports().back(), "OK");
}

// Shutdown.

TEST_F(OtlpExporterTest, StopWaitingEndsAPauseWithOneLastTry) {
  StartReceiver();
  options_.retry.initial_interval = absl::Hours(1);
  options_.retry.max_elapsed = absl::InfiniteDuration();
  options_.timeout = absl::InfiniteDuration();
  receiver_->SetDefaultAnswer({.code = kUnavailable});
  auto exporter = Create();
  std::thread stopper([this, &exporter] {
    ASSERT_TRUE(receiver_->WaitForCalls(1));
    exporter->StopWaiting();
  });
  Export(*exporter, 5, absl::InfiniteDuration());
  stopper.join();
  // The stop may come before or after the pause begins; in both cases the export is over and the spans are counted.
  EXPECT_THAT(receiver_->calls().size(), AllOf(Ge(1u), Le(2u)));
  EXPECT_EQ(Count(Counter::kSpansDroppedShutdown), 5u);
}

TEST_F(OtlpExporterTest, CancelEndsACallInFlightAndAllLaterOnes) {
  StartReceiver();
  options_.timeout = absl::InfiniteDuration();
  receiver_->SetDefaultAnswer({.delay = std::chrono::minutes(5)});
  auto exporter = Create();
  std::thread canceller([this, &exporter] {
    ASSERT_TRUE(receiver_->WaitForCalls(1));
    exporter->Cancel();
  });
  Export(*exporter, 5, absl::InfiniteDuration());
  canceller.join();
  Export(*exporter, 5, absl::InfiniteDuration());
  EXPECT_EQ(Count(Counter::kSpansDroppedShutdown), 10u);
  EXPECT_THAT(receiver_->calls(), SizeIs(1));
}

TEST_F(OtlpExporterTest, ProcessorShutdownEndsInTimeWhenTheCollectorHangs) {
  StartReceiver();
  receiver_->SetDefaultAnswer({.delay = std::chrono::minutes(5)});
  std::vector<std::unique_ptr<exporting::SpanExporter>> exporters;
  exporters.push_back(Create());
  exporting::BatchProcessor processor({.max_queue_size = 100, .max_export_batch_size = 10}, std::move(exporters),
                                      &counters_);
  made_ = 35;
  processor.Add(MakeHttpSpans(made_, resource_));
  ASSERT_TRUE(receiver_->WaitForCalls(1));
  const absl::Time start = absl::Now();
  processor.Shutdown(start + absl::Milliseconds(200));
  EXPECT_THAT(absl::Now() - start, Le(absl::Seconds(5)));
  EXPECT_EQ(Count(Counter::kSpansDroppedShutdown) + Count(Counter::kSpansDroppedExport), 35u);
}

TEST_F(OtlpExporterTest, EverySpanIsCountedThroughACollectorThatComesAndGoes) {
  StartReceiver();
  options_.timeout = absl::Milliseconds(200);
  std::vector<std::unique_ptr<exporting::SpanExporter>> exporters;
  exporters.push_back(Create());
  exporting::BatchProcessor processor(
      {.schedule_delay = absl::Milliseconds(5), .max_queue_size = 200, .max_export_batch_size = 50},
      std::move(exporters), &counters_);
  const int port = receiver_->port();
  size_t accepted = 0;
  for (int round = 0; round < 6; ++round) {
    receiver_->AnswerNext({.code = kUnavailable});
    receiver_->AnswerNext({.rejected_spans = 1});
    receiver_->AnswerNext({.code = static_cast<int>(absl::StatusCode::kInvalidArgument)});
    for (int i = 0; i < 40; ++i) {
      processor.Add(MakeHttpSpans(10, resource_));
      made_ += 10;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    receiver_->Stop();
    accepted += receiver_->accepted_spans();
    processor.Add(MakeHttpSpans(10, resource_));
    made_ += 10;
    receiver_ = OtlpReceiver::Start({.listen = "127.0.0.1:" + std::to_string(port)});
    ASSERT_NE(receiver_, nullptr);
  }
  processor.Shutdown(absl::Now() + absl::Seconds(10));
  accepted += receiver_->accepted_spans();
  ExpectEverySpanCounted();
  // A call cut off after it was received may have been accepted and sent again: at least once, never less.
  EXPECT_THAT(accepted, Ge(Count(Counter::kSpansExported)));
  EXPECT_THAT(Count(Counter::kSpansExported), Ge(1u));
}

}  // namespace
}  // namespace nodespan::otlp
