// SPDX-License-Identifier: Apache-2.0
// The common shape of an e2e test: httpserver does its traffic while nodespan traces it, and both say what they saw.
#pragma once

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/e2e/harness/go_program.h"
#include "tests/e2e/harness/nodespan_daemon.h"
#include "tests/e2e/harness/span_check.h"

namespace nodespan::e2e {

// Skips with the reason where the daemon cannot run.
class E2eTest : public ::testing::Test {
 protected:
  void SetUp() override;
};

// A program built with the named Go, and that Go.
struct Program {
  std::string path;
  Toolchain toolchain;
  bool ok() const { return !path.empty(); }
};
// Skips the test when the toolchain or the program's modules cannot be had, fails it when it does not build.
Program BuildOrSkip(const std::string& toolchain = "path", const std::string& kind = "default",
                    const std::string& name = "httpserver", const std::string& modules = "default");

struct RunOptions {
  std::vector<std::string> program_arguments;  // scenarios and their bounds
  std::vector<std::string> daemon_arguments;   // added to the selection of the program
  bool tracer_first = false;                   // the daemon runs before the program starts
};

struct RunResult {
  pid_t pid = 0;
  std::vector<Truth> truths;
  std::vector<ReceivedSpan> spans;
  SpanTotals totals;
  std::string log;  // of the daemon
};

// Everything from start to end, with the checks of GoProgram::Finish and NodespanDaemon::Stop.
RunResult RunTraced(const Program& program, const RunOptions& options);

// RunTraced, and the spans are exactly the truth, nothing is lost and every unsampled request was counted.
RunResult ExpectTracedRun(const Program& program, const RunOptions& options);

}  // namespace nodespan::e2e
