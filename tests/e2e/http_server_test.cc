// SPDX-License-Identifier: Apache-2.0
// Spans of HTTP/1.1 servers against the truth, every scenario of httpserver.
#include <algorithm>

#include "gmock/gmock.h"
#include "tests/e2e/harness/traced_run.h"

namespace nodespan::e2e {
namespace {

class HttpServerScenarioTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(HttpServerScenarioTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip();
  if (program.ok()) {
    ExpectTracedRun(program, {.program_arguments = {"--scenario", GetParam()}});
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, HttpServerScenarioTest,
                         ::testing::Values("basic", "headers", "panic", "hijack", "timeout", "abort", "keepalive",
                                           "pipelining", "concurrency", "deepstack", "manygoroutines"),
                         [](const auto& info) { return std::string(info.param); });

class HttpServerTest : public E2eTest {};

TEST_F(HttpServerTest, ScenariosInARowAndTwiceDoNotDisturbEachOther) {
  const Program program = BuildOrSkip();
  if (program.ok()) {
    ExpectTracedRun(program, {.program_arguments = {"--scenario", "all", "--repeat", "2"}, .tracer_first = true});
  }
}

TEST_F(HttpServerTest, TwoHundredConnectionsAtOnceAreToldApart) {
  const Program program = BuildOrSkip();
  if (program.ok()) {
    ExpectTracedRun(program, {.program_arguments = {"--scenario", "concurrency", "--connections", "200"}});
  }
}

TEST_F(HttpServerTest, ManyGoroutinesOnManyConnectionsDoNotConfuseIt) {
  const Program program = BuildOrSkip();
  if (program.ok()) {
    ExpectTracedRun(program, {.program_arguments = {"--scenario", "manygoroutines", "--connections", "50"}});
  }
}

class AttachMethodTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(AttachMethodTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip();
  if (program.ok()) {
    const RunResult run = ExpectTracedRun(program, {.program_arguments = {"--scenario", "basic,keepalive,panic"},
                                                    .daemon_arguments = {"--attach-method", GetParam()}});
    EXPECT_THAT(run.log, ::testing::HasSubstr(std::string("attaching by ") + GetParam() + "\n"));
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, AttachMethodTest, ::testing::Values("uprobe_multi", "perf"),
                         [](const auto& info) { return std::string(info.param); });

struct Build {
  const char* toolchain;
  const char* kind;
};

class BuildTest : public E2eTest, public ::testing::WithParamInterface<Build> {};

TEST_P(BuildTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip(GetParam().toolchain, GetParam().kind);
  if (program.ok()) {
    ExpectTracedRun(program, {.program_arguments = {"--scenario", "basic,headers,panic"}, .tracer_first = true});
  }
}

INSTANTIATE_TEST_SUITE_P(Builds, BuildTest,
                         ::testing::Values(Build{"oldest", "default"}, Build{"oldest", "stripped"},
                                           Build{"oldest", "pie"}, Build{"1.22", "default"}, Build{"newest", "default"},
                                           Build{"newest", "stripped"}, Build{"newest", "pie"}, Build{"path", "cgo"}),
                         [](const auto& info) {
                           std::string name = std::string(info.param.toolchain) + "_" + info.param.kind;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace nodespan::e2e
