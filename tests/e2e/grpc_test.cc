// SPDX-License-Identifier: Apache-2.0
// Spans of google.golang.org/grpc, servers and clients, against the truth (tests/goprograms/grpcecho).
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

// The lines have the new names.
const ChildProcess::Environment kLargeQueue = {{"OTEL_BSP_MAX_QUEUE_SIZE", "100000"},
                                               {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"},
                                               {"OTEL_SEMCONV_STABILITY_OPT_IN", "rpc"}};

struct Case {
  const char* scenario;
  const char* modules;
};

class GrpcTest : public E2eTest, public ::testing::WithParamInterface<Case> {};

TEST_P(GrpcTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip("path", "default", "grpcecho", GetParam().modules);
  if (program.ok()) {
    ExpectTruth(program, {.program_arguments = {"--scenario", GetParam().scenario}, .daemon_environment = kLargeQueue});
  }
}

std::vector<Case> EveryCase() {
  std::vector<Case> cases;
  for (const char* scenario : {"unary", "serverstream", "clientstream", "bidi", "error", "limit", "unknown", "metadata",
                               "nested", "unarymany", "streams", "service"}) {
    cases.push_back({scenario, "default"});
    cases.push_back({scenario, "older"});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Cases, GrpcTest, ::testing::ValuesIn(EveryCase()),
                         [](const auto& info) { return std::string(info.param.scenario) + "_" + info.param.modules; });

class GrpcLoadTest : public E2eTest {};

TEST_F(GrpcLoadTest, TenThousandOpenStreamsAreToldApart) {
  const Program program = BuildOrSkip("path", "default", "grpcecho");
  if (program.ok()) {
    // All are open at once, over four connections; each is an operation of the client and one of the server.
    ExpectTruth(program,
                {.program_arguments = {"--scenario", "streams", "--size", "10000"}, .daemon_environment = kLargeQueue});
  }
}

}  // namespace
}  // namespace nodespan::e2e
