// SPDX-License-Identifier: Apache-2.0
// Headers and metadata that the user asks for by name, on the spans of real servers.
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "tests/e2e/harness/http_client.h"
#include "tests/e2e/harness/span_check.h"
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using Span = opentelemetry::proto::trace::v1::Span;

std::vector<std::string> ListOf(const Span& span, std::string_view key) {
  std::vector<std::string> values;
  for (const auto& attribute : span.attributes()) {
    if (attribute.key() == key) {
      for (const auto& value : attribute.value().array_value().values()) {
        values.push_back(value.string_value());
      }
    }
  }
  return values;
}

struct HttpCase {
  const char* toolchain;
  const char* kind;
};

class CapturedHttpHeadersTest : public E2eTest, public ::testing::WithParamInterface<HttpCase> {};

TEST_P(CapturedHttpHeadersTest, AreListsOfAllValues) {
  const Program program = BuildOrSkip(GetParam().toolchain, GetParam().kind);
  if (!program.ok()) {
    return;
  }
  const auto traced = GoProgram::Start(program.path, {"--client", "external"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start(
      {.arguments = {"--pid", std::to_string(traced->pid())},
       .environment = {{"OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS",
                        "x-request-id,User-Agent,a-name-of-exactly-forty-bytes-exactly-so,x-a"}}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));

  const auto client = HttpClient::Connect(traced->port());
  ASSERT_NE(client, nullptr);
  // More headers than one group or bucket of a map holds.
  std::string many;
  for (int i = 0; i < 20; ++i) {
    many += fmt::format("X-Other-{}: {}\r\n", i, i);
  }
  client->Send("/items/captured-00001",
               many + "X-Request-Id: first\r\nx-request-id: second\r\nUser-Agent: tester\r\nX-B: not asked for\r\n");
  ASSERT_EQ(client->Receive(), 200);
  client->Send("/items/captured-00002", "A-Name-Of-Exactly-Forty-Bytes-Exactly-So: " + std::string(200, 'v') + "\r\n");
  ASSERT_EQ(client->Receive(), 200);
  std::string five;
  for (int i = 0; i < 5; ++i) {
    five += fmt::format("X-A: {}\r\n", i);
  }
  ASSERT_EQ(client->GetAndClose("/items/captured-00003", five), 200);
  traced->Finish();
  daemon->Stop();

  ASSERT_EQ(daemon->spans().size(), 3U);
  for (const ReceivedSpan& received : daemon->spans()) {
    const Span& span = received.span;
    const auto header = [&](const std::string& name) { return ListOf(span, "http.request.header." + name); };
    const std::string id = IdIn(AttributesOf(span)["url.path"]);
    EXPECT_THAT(header("x-b"), IsEmpty());
    if (id == "captured-00001") {
      EXPECT_THAT(header("x-request-id"), ElementsAre("first", "second"));
      EXPECT_THAT(header("user-agent"), ElementsAre("tester"));
      EXPECT_EQ(AttributesOf(span)["user_agent.original"], "tester");
    } else if (id == "captured-00002") {
      EXPECT_THAT(header("a-name-of-exactly-forty-bytes-exactly-so"), ElementsAre(std::string(128, 'v')));
      EXPECT_THAT(header("x-request-id"), IsEmpty());
    } else {
      EXPECT_THAT(header("x-a"), ElementsAre("0", "1", "2", "3"));
    }
    EXPECT_EQ(span.dropped_attributes_count(), id == "captured-00003" ? 1U : 0U) << id;
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, CapturedHttpHeadersTest,
                         ::testing::Values(HttpCase{"path", "default"}, HttpCase{"oldest", "default"},
                                           HttpCase{"newest", "stripped"}),
                         [](const auto& info) { return std::string(info.param.toolchain) + "_" + info.param.kind; });

class CapturedGrpcMetadataTest : public E2eTest {};

TEST_F(CapturedGrpcMetadataTest, IsThereOnServerSpans) {
  const Program program = BuildOrSkip("path", "default", "grpcecho");
  if (!program.ok()) {
    return;
  }
  const TruthRun run = ExpectTruth(
      program, {.program_arguments = {"--scenario", "unary"},
                .daemon_environment = {
                    {"OTEL_SEMCONV_STABILITY_OPT_IN", "rpc"},
                    {"OTEL_INSTRUMENTATION_GRPC_CAPTURE_METADATA_SERVER_REQUEST", "user-agent,content-type"}}});
  size_t servers = 0;
  for (const Span& span : run.spans) {
    const bool is_server = span.kind() == opentelemetry::proto::trace::v1::Span_SpanKind_SPAN_KIND_SERVER;
    if (!is_server) {
      EXPECT_THAT(ListOf(span, "rpc.request.metadata.user-agent"), IsEmpty());
      continue;
    }
    ++servers;
    EXPECT_THAT(ListOf(span, "rpc.request.metadata.user-agent"), ElementsAre(StartsWith("grpc-go/")));
    EXPECT_THAT(ListOf(span, "rpc.request.metadata.content-type"), ElementsAre("application/grpc"));
  }
  EXPECT_GT(servers, 0U);
}

class CutHeadersTest : public E2eTest {};

TEST_F(CutHeadersTest, LeaveNothingToTheRequestsAfterThem) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  const auto traced = GoProgram::Start(program.path, {"--client", "external"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start(
      {.arguments = {"--pid", std::to_string(traced->pid())}, .environment = {}, .endpoint = "", .launcher = {}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));

  // More than are looked at. The walk over them stops in the middle, on whichever CPU serves the request.
  std::string many;
  for (int i = 0; i < 600; ++i) {
    many += fmt::format("X-Other-{}: {}\r\n", i, i);
  }
  constexpr int kRequests = 8;
  constexpr std::string_view kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
  for (int i = 0; i < kRequests; ++i) {
    const auto client = HttpClient::Connect(traced->port());
    ASSERT_NE(client, nullptr);
    client->Send(fmt::format("/items/cut-{:05}", i), many);
    ASSERT_EQ(client->Receive(), 200);
    ASSERT_EQ(client->GetAndClose(fmt::format("/items/whole-{:05}", i),
                                  fmt::format("traceparent: 00-{}-00f067aa0ba902b7-01\r\n", kTrace)),
              200);
  }
  daemon->WaitForSpans(2 * kRequests);
  (void)traced->Finish();
  (void)daemon->Stop();
  EXPECT_THAT(daemon->Log(), HasSubstr(fmt::format("headers_cut={}", kRequests)));
  int continued = 0;
  for (const ReceivedSpan& received : daemon->spans()) {
    continued += absl::BytesToHexString(received.span.trace_id()) == kTrace ? 1 : 0;
  }
  EXPECT_EQ(continued, kRequests);
}

}  // namespace
}  // namespace nodespan::e2e
