// SPDX-License-Identifier: Apache-2.0
// What tracing costs a request: the kernel counts the runs of our programs.
#include "tests/e2e/harness/traced_run.h"

namespace nodespan::e2e {
namespace {

class HitsTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(HitsTest, OneHitAtTheStartOfARequestOneAtItsEndAndOneForItsRoute) {
  const Program program = BuildOrSkip(GetParam());
  if (!program.ok()) {
    return;
  }
  const base::UniqueFd counting = EnableRunCounts();
  ASSERT_TRUE(counting.valid()) << "the kernel does not count runs of BPF programs";
  const auto traced = GoProgram::Start(program.path, {"--scenario", "keepalive", "--requests", "250"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  traced->StartTraffic();
  daemon->WaitForSpans(traced->WaitForTraffic().size());
  const size_t requests = traced->Finish().size();
  EXPECT_EQ(requests, 500U);
  const KernelObjects objects = daemon->kernel_objects();
  EXPECT_EQ(RunCount(objects.program_ids, "nethttp_server_start"), requests);
  // Up to Go 1.17 the end of a connection is a hit as well; this scenario has two connections.
  const size_t connection_ends = program.toolchain.version.starts_with("1.17.") ? 2 : 0;
  EXPECT_EQ(RunCount(objects.program_ids, "nethttp_server_end"), requests + connection_ends);
  // ServeMux is asked for the route. Its results of Go 1.17 take the two ways of one branch, each of which counts.
  const size_t per_route = program.toolchain.version.starts_with("1.17.") ? 2 : 1;
  EXPECT_EQ(RunCount(objects.program_ids, "http_route"), requests * per_route);
  EXPECT_EQ(daemon->Stop().exported, requests);
}

INSTANTIATE_TEST_SUITE_P(Toolchains, HitsTest, ::testing::Values("path", "oldest", "newest"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace nodespan::e2e
