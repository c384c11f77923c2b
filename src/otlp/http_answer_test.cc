// SPDX-License-Identifier: Apache-2.0
#include "otlp/http_answer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/otlp_trace_service.pb.h"
#include "proto/rpc_status.pb.h"

namespace nodespan::otlp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kProtobuf[] = "application/x-protobuf";

TEST(ReadHttpAnswerTest, EveryStatusIsOfOneKind) {
  for (int status = 100; status < 600; ++status) {
    const CallResult result = ReadHttpAnswer({.status = status, .content_type = "", .body = "", .location = ""});
    if (status >= 200 && status < 300) {
      EXPECT_TRUE(result.status.ok()) << status;
      continue;
    }
    EXPECT_FALSE(result.status.ok()) << status;
    EXPECT_THAT(result.status.ToString(), HasSubstr("HTTP status " + std::to_string(status)));
    const Failure expected = status == 429                                     ? Failure::kRetryable
                             : status == 502 || status == 503 || status == 504 ? Failure::kAway
                                                                               : Failure::kFinal;
    EXPECT_EQ(result.failure, expected) << status;
  }
}

TEST(ReadHttpAnswerTest, PartialSuccessIsRead) {
  opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse response;
  response.mutable_partial_success()->set_rejected_spans(3);
  response.mutable_partial_success()->set_error_message("too old");
  const std::string body = response.SerializeAsString();
  const CallResult result = ReadHttpAnswer({.status = 200, .content_type = kProtobuf, .body = body, .location = ""});
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.rejected_count, 3);
  EXPECT_EQ(result.partial_success_message, "too old");
}

TEST(ReadHttpAnswerTest, ProtobufThatIsNoneIsAFinalError) {
  const CallResult result =
      ReadHttpAnswer({.status = 200, .content_type = kProtobuf, .body = "\x0A\xFF", .location = ""});
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(result.failure, Failure::kFinal);
}

TEST(ReadHttpAnswerTest, AnotherTypeIsSuccessWithARemark) {
  const CallResult result =
      ReadHttpAnswer({.status = 200, .content_type = "text/html\n", .body = "<html>", .location = ""});
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.rejected_count, 0);
  EXPECT_THAT(result.partial_success_message, HasSubstr("\"text/html\" instead of protobuf"));
}

TEST(ReadHttpAnswerTest, RetryAfterIsKeptWhereItMeansSomething) {
  HttpAnswer answer{.status = 503, .content_type = "", .body = "", .location = "", .retry_after = absl::Seconds(7)};
  EXPECT_EQ(ReadHttpAnswer(answer).retry_delay, absl::Seconds(7));
  answer.status = 400;
  EXPECT_EQ(ReadHttpAnswer(answer).retry_delay, std::nullopt);
}

TEST(ReadHttpAnswerTest, MessageComesFromTheStatusInTheBody) {
  google::rpc::Status status;
  status.set_code(3);
  status.set_message("span 4 has no id\nforged line");
  const std::string body = status.SerializeAsString();
  const CallResult result = ReadHttpAnswer({.status = 400, .content_type = kProtobuf, .body = body, .location = ""});
  EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(result.status.ToString(), HasSubstr("HTTP status 400: span 4 has no id"));
  EXPECT_THAT(result.status.ToString(), Not(HasSubstr("forged")));
}

TEST(ReadHttpAnswerTest, OtherBodiesGiveTheirFirstLineWithoutControlCharacters) {
  const std::string body = "not \x1B[31mfound\nmore" + std::string(10'000, 'x');
  const CallResult result = ReadHttpAnswer({.status = 404, .content_type = "text/plain", .body = body, .location = ""});
  EXPECT_EQ(result.status.message(), "HTTP status 404: not ?[31mfound");
  const std::string long_line(10'000, 'x');
  EXPECT_LT(
      ReadHttpAnswer({.status = 404, .content_type = "", .body = long_line, .location = ""}).status.message().size(),
      400u);
  EXPECT_EQ(
      ReadHttpAnswer({.status = 500, .content_type = kProtobuf, .body = "\xFF\xFF", .location = ""}).status.message(),
      "HTTP status 500");
}

TEST(ReadHttpAnswerTest, RedirectsNameWhereTheyPoint) {
  const CallResult result =
      ReadHttpAnswer({.status = 301, .content_type = "", .body = "", .location = "https://elsewhere/v1/traces"});
  EXPECT_EQ(result.failure, Failure::kFinal);
  EXPECT_THAT(result.status.ToString(), HasSubstr("redirects to https://elsewhere/v1/traces, which is not followed"));
}

}  // namespace
}  // namespace nodespan::otlp
