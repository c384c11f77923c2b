// SPDX-License-Identifier: Apache-2.0
// Both spans of requests over HTTP/2, by every package that serves and sends them (tests/goprograms/httptwo).
#include <algorithm>

#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

struct Build {
  const char* toolchain;
  const char* kind;
  const char* modules;
};

class HttpTwoTest : public E2eTest, public ::testing::WithParamInterface<Build> {};

TEST_P(HttpTwoTest, EveryStreamHasItsSpanAndPushesHaveNone) {
  const Program program = BuildOrSkip(GetParam().toolchain, GetParam().kind, "httptwo", GetParam().modules);
  if (program.ok()) {
    ExpectTruth(program, {});
  }
}

INSTANTIATE_TEST_SUITE_P(Builds, HttpTwoTest,
                         ::testing::Values(Build{"path", "default", "default"}, Build{"path", "stripped", "older"},
                                           Build{"path", "pie", "default"}, Build{"newest", "default", "default"},
                                           Build{"newest", "default", "older"}),
                         [](const auto& info) {
                           return std::string(info.param.toolchain) + "_" + info.param.kind + "_" + info.param.modules;
                         });

class HttpTwoToolchainTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

// The server and the client of httpclient's own scenario, which builds with every toolchain.
TEST_P(HttpTwoToolchainTest, EveryStreamHasItsSpan) {
  const Program program = BuildOrSkip(GetParam(), "default", "httpclient");
  if (program.ok()) {
    TruthRunOptions options;
    options.program_arguments = {"--scenario", "httptwo"};
    ExpectTruth(program, options);
  }
}

INSTANTIATE_TEST_SUITE_P(Toolchains, HttpTwoToolchainTest, ::testing::Values("oldest", "1.21", "path", "newest"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace nodespan::e2e
