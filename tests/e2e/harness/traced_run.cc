// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/traced_run.h"

#include <algorithm>
#include <cstdlib>

#include "base/errors.h"

namespace nodespan::e2e {

void E2eTest::SetUp() {
  if (const std::optional<std::string> why_not = WhyNotHere()) {
    GTEST_SKIP() << *why_not;
  }
}

Program BuildOrSkip(const std::string& toolchain_name, const std::string& kind, const std::string& name,
                    const std::string& modules) {
  // A machine without Go, such as a VM, is given the programs that are tested there.
  if (const char* folder = std::getenv("NODESPAN_TEST_PROGRAMS")) {
    return {fmt::format("{}/{}-{}", folder, name, modules), {.version = "unknown", .go = ""}};
  }
  const auto skip = [](const std::string& reason) { GTEST_SKIP() << reason; };
  const absl::StatusOr<Toolchain> toolchain = FindToolchain(toolchain_name);
  if (!toolchain.ok()) {
    skip("Go toolchain " + toolchain_name + ": " + std::string(base::Message(toolchain.status())));
    return {};
  }
  const absl::StatusOr<std::string> path = BuildGoProgram(name, *toolchain, kind, modules);
  if (!path.ok()) {
    if (path.status().code() == absl::StatusCode::kNotFound) {
      skip(std::string(base::Message(path.status())));
    } else {
      ADD_FAILURE() << base::Message(path.status());
    }
    return {};
  }
  return {*path, *toolchain};
}

RunResult RunTraced(const Program& program, const RunOptions& options) {
  RunResult result;
  const ScratchFolder scratch;
  const std::string path = scratch.CopyIn(program.path, "httpserver");
  std::unique_ptr<GoProgram> traced;
  NodespanDaemon::Options daemon_options;
  daemon_options.arguments = options.daemon_arguments;
  if (options.tracer_first) {
    daemon_options.arguments.insert(daemon_options.arguments.end(), {"--exe", path});
  } else {
    traced = GoProgram::Start(path, options.program_arguments);
    if (traced == nullptr) {
      return result;
    }
    daemon_options.arguments.insert(daemon_options.arguments.end(), {"--pid", std::to_string(traced->pid())});
  }
  const std::unique_ptr<NodespanDaemon> daemon = NodespanDaemon::Start(daemon_options);
  if (daemon != nullptr && traced == nullptr) {
    traced = GoProgram::Start(path, options.program_arguments);
  }
  if (daemon == nullptr || traced == nullptr || !daemon->WaitUntilAttached(traced->pid())) {
    return result;
  }
  result.pid = traced->pid();
  traced->StartTraffic();
  daemon->WaitForSpans(CountSampled(traced->WaitForTraffic()));
  result.truths = traced->Finish();
  result.totals = daemon->Stop();
  result.spans = daemon->spans();
  result.log = daemon->Log();
  return result;
}

RunResult ExpectTracedRun(const Program& program, const RunOptions& options) {
  RunResult run = RunTraced(program, options);
  EXPECT_FALSE(run.truths.empty());
  ExpectSpansOf(run.pid, run.truths, run.spans);
  const size_t sampled = CountSampled(run.truths);
  const auto wanted = std::count_if(run.truths.begin(), run.truths.end(), [](const Truth& t) { return t.want_span; });
  EXPECT_EQ(run.totals.exported, sampled);
  EXPECT_EQ(run.totals.lost, 0U) << run.totals.reasons;
  EXPECT_EQ(run.totals.unsampled, static_cast<size_t>(wanted) - sampled);
  if (::testing::Test::HasFailure()) {
    ADD_FAILURE() << "the daemon said:\n" << run.log;
  }
  return run;
}

}  // namespace nodespan::e2e
