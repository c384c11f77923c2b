// SPDX-License-Identifier: Apache-2.0
// Parents of HTTP calls from the places where they are hard to know (tests/goprograms/parents): every edge is compared.
#include <algorithm>

#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

// More spans at a time than the export queue holds by default; losing some is not what is tested here.
const ChildProcess::Environment kLargeQueue = {{"OTEL_BSP_MAX_QUEUE_SIZE", "100000"},
                                               {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"}};

class ParentsScenarioTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(ParentsScenarioTest, EveryEdgeIsRight) {
  const Program program = BuildOrSkip("path", "default", "parents");
  if (program.ok()) {
    ExpectTruth(program, {.program_arguments = {"--scenario", GetParam()}, .daemon_environment = kLargeQueue});
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, ParentsScenarioTest,
                         ::testing::Values("direct", "pool", "lazy", "group", "flight", "batch", "after", "context",
                                           "timer", "health", "keepalive", "foreign", "nesting", "reuse", "storm"),
                         [](const auto& info) { return std::string(info.param); });

class ParentsTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(ParentsTest, EveryEdgeIsRightWithAThousandOpenRequests) {
  const Program program = BuildOrSkip(GetParam(), "default", "parents");
  if (program.ok()) {
    ExpectTruth(program, {.program_arguments = {"--scenario", "storm,pool", "--size", "1000"},
                          .daemon_environment = kLargeQueue});
  }
}

TEST_P(ParentsTest, EveryEdgeIsRightInAllScenarios) {
  const Program program = BuildOrSkip(GetParam(), "stripped", "parents");
  if (program.ok()) {
    ExpectTruth(program, {.daemon_environment = kLargeQueue, .tracer_first = true});
  }
}

INSTANTIATE_TEST_SUITE_P(Toolchains, ParentsTest, ::testing::Values("oldest", "1.21", "path", "newest"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace nodespan::e2e
