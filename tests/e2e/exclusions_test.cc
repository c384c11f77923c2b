// SPDX-License-Identifier: Apache-2.0
// Requests that are not traced because of their path or user agent, and what they cause.
#include <algorithm>
#include <set>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "tests/e2e/harness/http_client.h"
#include "tests/e2e/harness/span_check.h"
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

using ::testing::ElementsAre;
using ::testing::Values;

class ExcludedHttpRequestsTest : public E2eTest, public ::testing::WithParamInterface<const char*> {
 protected:
  struct Run {
    std::set<std::string> ids;  // of the requests that have a span
    SpanTotals totals;
  };

  // An id, what follows it in the target, and a user agent.
  struct Request {
    int id;
    const char* rest;
    const char* user_agent;
  };

  static Run Trace(const Program& program, const std::vector<Request>& requests,
                   const ChildProcess::Environment& of_node, const ChildProcess::Environment& of_program) {
    Run run;
    const auto traced = GoProgram::Start(program.path, {"--client", "external"}, of_program);
    const auto daemon =
        traced == nullptr
            ? nullptr
            : NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())}, .environment = of_node});
    const auto client = daemon == nullptr ? nullptr : HttpClient::Connect(traced->port());
    if (client == nullptr || !daemon->WaitUntilAttached(traced->pid())) {
      ADD_FAILURE() << "not traced";
      return run;
    }
    for (const Request& request : requests) {
      const std::string target = fmt::format("/items/excluded-{:05}{}", request.id, request.rest);
      const std::string headers = fmt::format("User-Agent: {}\r\n", request.user_agent);
      if (&request == &requests.back()) {
        EXPECT_EQ(client->GetAndClose(target, headers), 200);
        continue;
      }
      client->Send(target, headers);
      EXPECT_EQ(client->Receive(), 200);
    }
    traced->Finish();
    run.totals = daemon->Stop();
    for (const ReceivedSpan& received : daemon->spans()) {
      run.ids.insert(IdIn(AttributesOf(received.span)["url.path"]));
    }
    EXPECT_EQ(run.totals.exported, run.ids.size());
    EXPECT_EQ(run.totals.excluded, requests.size() - run.ids.size());
    EXPECT_EQ(run.totals.lost, 0U) << run.totals.reasons;
    return run;
  }
};

TEST_P(ExcludedHttpRequestsTest, AreThoseOfTheNodeAndOfTheWorkload) {
  const Program program = BuildOrSkip(GetParam());
  if (!program.ok()) {
    return;
  }
  const std::vector<Request> requests = {
      {1, "", "kube-probe/1.31"}, {2, "", "kube-prober"}, {3, "", "t"},
      {6, "?a=b", "t"},           {4, "", "t"},           {5, "", "health-checker/2"}};
  EXPECT_THAT(Trace(program, requests, {}, {}).ids,
              ElementsAre("excluded-00002", "excluded-00003", "excluded-00004", "excluded-00005", "excluded-00006"));
}

TEST_P(ExcludedHttpRequestsTest, ByPath) {
  const Program program = BuildOrSkip(GetParam());
  if (!program.ok()) {
    return;
  }
  const std::vector<Request> requests = {{1, "", "t"}, {2, "", "t"}, {2, "?a=b", "t"}, {13, "", "t"}, {14, "?q", "t"}};
  EXPECT_THAT(
      Trace(program, requests, {{"NODESPAN_EXCLUDE_PATHS", "/items/excluded-00002,/items/excluded-0001*"}}, {}).ids,
      ElementsAre("excluded-00001"));
}

TEST_P(ExcludedHttpRequestsTest, TheWorkloadHasTheLastWord) {
  const Program program = BuildOrSkip(GetParam());
  if (!program.ok()) {
    return;
  }
  const std::vector<Request> requests = {{1, "", "kube-probe/1.31"}, {2, "", "checker"}, {3, "", "t"}};
  EXPECT_THAT(Trace(program, requests, {{"NODESPAN_EXCLUDE_PATHS", "/items/*"}},
                    {{"NODESPAN_EXCLUDE_PATHS", "none"}, {"NODESPAN_EXCLUDE_USER_AGENTS", "checker"}})
                  .ids,
              ElementsAre("excluded-00001", "excluded-00003"));
}

INSTANTIATE_TEST_SUITE_P(Programs, ExcludedHttpRequestsTest, Values("path", "oldest"),
                         [](const auto& info) { return std::string(info.param); });

class ExcludedOperationsTest : public E2eTest {};

// A sampler that does not look at parents would trace what an excluded request causes.
TEST_F(ExcludedOperationsTest, TakeWhatTheyCauseWithThem) {
  const Program program = BuildOrSkip("path", "default", "parents");
  if (!program.ok()) {
    return;
  }
  const auto without_requests = [](std::vector<SpanTruth> lines) {
    std::erase_if(lines, [](const SpanTruth& line) {
      return line.kind == "server" || std::find(line.parents.begin(), line.parents.end(), "root") == line.parents.end();
    });
    for (SpanTruth& line : lines) {
      line.optional = line.parents.size() > 1;
      line.parents = {"root"};
    }
    return lines;
  };
  const TruthRun run = ExpectTruth(
      program, {.program_arguments = {"--scenario", "direct,nesting,health", "--size", "50"},
                .daemon_environment = {{"OTEL_TRACES_SAMPLER", "always_on"}, {"NODESPAN_EXCLUDE_PATHS", "*"}},
                .expected = without_requests});
  EXPECT_GT(run.spans.size(), 0U);
  EXPECT_GT(run.totals.excluded, 50U);
}

// Their name is known at their end; what happened within keeps its parent.
TEST_F(ExcludedOperationsTest, ByTheNameOfTheSpan) {
  const Program program = BuildOrSkip("path", "default", "relay");
  if (!program.ok()) {
    return;
  }
  const auto traced = GoProgram::Start(program.path, {}, {{"NODESPAN_EXCLUDE_SPAN_NAMES", "GET /leaf*,GET"}});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start(
      {.arguments = {"--pid", std::to_string(traced->pid())}, .environment = {{"NODESPAN_EXCLUDE_SPAN_NAMES", "*"}}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  const auto client = HttpClient::Connect(traced->port());
  ASSERT_NE(client, nullptr);
  ASSERT_EQ(client->GetAndClose("/relay/1"), 200);
  traced->Finish();
  const SpanTotals totals = daemon->Stop();
  const std::vector<ReceivedSpan> spans = daemon->spans();
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].span.name(), "GET /relay/");
  EXPECT_EQ(totals.exported, 1U);
  EXPECT_EQ(totals.excluded, 2U);  // the client's and the leaf's
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
}

TEST_F(ExcludedOperationsTest, AreCallsOfGrpcAsWell) {
  const Program program = BuildOrSkip("path", "default", "grpcecho");
  if (!program.ok()) {
    return;
  }
  const auto without_servers = [](std::vector<SpanTruth> lines) {
    std::erase_if(lines, [](const SpanTruth& line) { return line.kind == "server"; });
    return lines;
  };
  const std::vector<std::pair<std::string, std::string>> settings = {
      {"NODESPAN_EXCLUDE_PATHS", "/echo.Echo/*"}, {"NODESPAN_EXCLUDE_USER_AGENTS", "curl,grpc-go/*"}};
  for (const auto& setting : settings) {
    const TruthRun run =
        ExpectTruth(program, {.program_arguments = {"--scenario", "unary"},
                              .daemon_environment = {{"OTEL_SEMCONV_STABILITY_OPT_IN", "rpc"}, setting},
                              .expected = without_servers});
    EXPECT_GT(run.spans.size(), 0U);
    EXPECT_EQ(run.totals.excluded, run.spans.size()) << setting.first;
  }
}

}  // namespace
}  // namespace nodespan::e2e
