// SPDX-License-Identifier: Apache-2.0
// Spans of valyala/fasthttp servers and clients, and of fiber on them, against the truth
// (tests/goprograms/fasthttpserver), with the newest and older versions of both.
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

struct FasthttpCase {
  const char* scenario;
  const char* modules;
};

std::string NameOfCase(const ::testing::TestParamInfo<FasthttpCase>& info) {
  return std::string(info.param.scenario) + "_" + info.param.modules;
}

class FasthttpTest : public E2eTest, public ::testing::WithParamInterface<FasthttpCase> {};

TEST_P(FasthttpTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip("path", "default", "fasthttpserver", GetParam().modules);
  if (program.ok()) {
    ExpectTruth(program, {.program_arguments = {"--scenario", GetParam().scenario}});
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, FasthttpTest,
                         ::testing::Values(FasthttpCase{"basic", "default"}, FasthttpCase{"basic", "older"},
                                           FasthttpCase{"lean", "default"}, FasthttpCase{"lean", "older"},
                                           FasthttpCase{"headers", "default"}, FasthttpCase{"headers", "older"},
                                           FasthttpCase{"static", "default"}, FasthttpCase{"tls", "default"},
                                           FasthttpCase{"tls", "older"}, FasthttpCase{"pipelining", "default"},
                                           FasthttpCase{"pipelining", "older"}, FasthttpCase{"takeover", "default"},
                                           FasthttpCase{"takeover", "older"}, FasthttpCase{"keepalive", "default"},
                                           FasthttpCase{"concurrency", "default"}, FasthttpCase{"concurrency", "older"},
                                           FasthttpCase{"parents", "default"}, FasthttpCase{"parents", "older"},
                                           FasthttpCase{"client", "default"}, FasthttpCase{"client", "older"},
                                           FasthttpCase{"fibertwo", "default"}, FasthttpCase{"fibertwo", "older"},
                                           FasthttpCase{"fiberthree", "default"}),
                         NameOfCase);

class FasthttpHeadersTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(FasthttpHeadersTest, CapturedOnesAreListsOfAllValues) {
  const Program program = BuildOrSkip("path", "default", "fasthttpserver", GetParam());
  if (program.ok()) {
    ExpectTruth(program, {.program_arguments = {"--scenario", "captured"},
                          .daemon_environment = {{"OTEL_INSTRUMENTATION_HTTP_SERVER_CAPTURE_REQUEST_HEADERS",
                                                  "x-request-id,User-Agent,content-type,x-a"}}});
  }
}

TEST_P(FasthttpHeadersTest, PathAndUserAgentExcludeRequests) {
  const Program program = BuildOrSkip("path", "default", "fasthttpserver", GetParam());
  if (program.ok()) {
    const TruthRun run = ExpectTruth(program, {.program_arguments = {"--scenario", "excluded"},
                                               .daemon_environment = {{"NODESPAN_EXCLUDE_PATHS", "/status/*"}}});
    EXPECT_EQ(run.totals.excluded, 2U);
  }
}

INSTANTIATE_TEST_SUITE_P(Modules, FasthttpHeadersTest, ::testing::Values("default", "older"),
                         [](const auto& info) { return std::string(info.param); });

// As older kernels attach.
class FasthttpPerfEventsTest : public E2eTest {};

TEST_F(FasthttpPerfEventsTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip("path", "default", "fasthttpserver");
  if (program.ok()) {
    ExpectTruth(program, {.program_arguments = {"--scenario", "basic,fibertwo,fiberthree"},
                          .daemon_arguments = {"--attach-method", "perf"}});
  }
}

class FasthttpBuildTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(FasthttpBuildTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip(GetParam(), "pie-stripped", "fasthttpserver");
  if (program.ok()) {
    ExpectTruth(program, {.program_arguments = {"--scenario", "basic,headers,parents,client,fibertwo,fiberthree"},
                          .tracer_first = true});
  }
}

INSTANTIATE_TEST_SUITE_P(Toolchains, FasthttpBuildTest, ::testing::Values("path", "newest"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace nodespan::e2e
