// SPDX-License-Identifier: Apache-2.0
// Spans of net/http clients against the truth, every scenario of httpclient. The servers in the same process are
// compared too where HTTP/1.1 is spoken.
#include <algorithm>

#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

class HttpClientScenarioTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(HttpClientScenarioTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip("path", "default", "httpclient");
  if (program.ok()) {
    ExpectTruth(program, {.program_arguments = {"--scenario", GetParam()}});
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, HttpClientScenarioTest,
                         ::testing::Values("basic", "redirect", "failure", "cancel", "url", "transport", "upgrade",
                                           "nested", "proxy", "https", "httptwo", "invalid", "concurrency", "own",
                                           "room", "shared"),
                         [](const auto& info) { return std::string(info.param); });

struct Build {
  const char* toolchain;
  const char* kind;
};

class HttpClientBuildTest : public E2eTest, public ::testing::WithParamInterface<Build> {};

TEST_P(HttpClientBuildTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip(GetParam().toolchain, GetParam().kind, "httpclient");
  if (program.ok()) {
    ExpectTruth(program, {.program_arguments = {"--scenario", "all"}, .tracer_first = true});
  }
}

INSTANTIATE_TEST_SUITE_P(Builds, HttpClientBuildTest,
                         ::testing::Values(Build{"oldest", "default"}, Build{"oldest", "stripped"},
                                           Build{"1.19", "default"}, Build{"1.21", "default"}, Build{"1.22", "pie"},
                                           Build{"1.23", "default"}, Build{"newest", "default"},
                                           Build{"newest", "stripped"}, Build{"path", "cgo"}),
                         [](const auto& info) {
                           std::string name = std::string(info.param.toolchain) + "_" + info.param.kind;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace nodespan::e2e
