// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/truth_run.h"

#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_split.h"
#include "base/errors.h"
#include "gtest/gtest.h"

namespace nodespan::e2e {
namespace {

using opentelemetry::proto::trace::v1::Span;

constexpr Milliseconds kTrafficLimit{120'000};

std::vector<Span> SpansOf(const NodespanDaemon& daemon, pid_t pid) {
  std::vector<Span> spans;
  for (ReceivedSpan& received : daemon.spans()) {
    if (received.pid == pid) {
      spans.push_back(std::move(received.span));
    }
  }
  return spans;
}

// Returns when as many spans as lines arrived, or when hardly any came for a while: what is missing then stays missing.
void WaitForSpans(NodespanDaemon& daemon, size_t wanted) {
  constexpr Milliseconds kQuiet{3'000};
  const size_t step = std::max<size_t>(1, wanted / 20);
  for (size_t count = std::min(step, wanted); daemon.receiver().WaitForSpans(count, kQuiet) && count < wanted;
       count = std::min(count + step, wanted)) {
  }
}

ProgramTruth TruthOf(GoProgram& program) {
  absl::StatusOr<ProgramTruth> truth = ParseTruth(program.process().OutputLines());
  EXPECT_TRUE(truth.ok()) << base::Message(truth.status());
  return truth.ok() ? *std::move(truth) : ProgramTruth{};
}

// Ends the program and checks what tracing must not change.
ProgramTruth Finish(GoProgram& program) {
  program.process().CloseInput();
  EXPECT_EQ(program.process().Wait(), ExitStatus{}) << "the traced program";
  EXPECT_EQ(program.process().ErrorLines(), std::vector<std::string>()) << "the traced program";
  ProgramTruth truth = TruthOf(program);
  EXPECT_EQ(truth.failures, 0) << "what the program did";
  EXPECT_EQ(truth.announced_spans, static_cast<int64_t>(truth.spans.size()));
  EXPECT_FALSE(truth.spans.empty()) << "a run without operations proves nothing";
  return truth;
}

}  // namespace

TruthRun ExpectTruth(const Program& program, const TruthRunOptions& options) {
  TruthRun run;
  const ScratchFolder scratch;
  const std::string path = scratch.CopyIn(program.path, std::filesystem::path(program.path).filename());
  std::unique_ptr<GoProgram> traced;
  NodespanDaemon::Options daemon_options;
  daemon_options.arguments = options.daemon_arguments;
  daemon_options.environment = options.daemon_environment;
  if (options.tracer_first) {
    daemon_options.arguments.insert(daemon_options.arguments.end(), {"--exe", path});
  } else {
    traced = GoProgram::Start(path, options.program_arguments, options.program_environment);
    if (traced == nullptr) {
      return run;
    }
    daemon_options.arguments.insert(daemon_options.arguments.end(), {"--pid", std::to_string(traced->pid())});
  }
  const std::unique_ptr<NodespanDaemon> daemon = NodespanDaemon::Start(daemon_options);
  if (daemon != nullptr && traced == nullptr) {
    traced = GoProgram::Start(path, options.program_arguments, options.program_environment);
  }
  if (daemon == nullptr || traced == nullptr || !daemon->WaitUntilAttached(traced->pid())) {
    return run;
  }
  traced->StartTraffic();
  EXPECT_TRUE(traced->process().WaitForOutput(R"("kind":"summary")", kTrafficLimit)) << "its traffic did not end";
  const auto expected = [&](std::vector<SpanTruth> lines) {
    return options.expected == nullptr ? lines : options.expected(std::move(lines));
  };
  WaitForSpans(*daemon, expected(TruthOf(*traced).spans).size());
  run.truth = Finish(*traced);
  run.totals = daemon->Stop();
  run.spans = SpansOf(*daemon, traced->pid());
  run.log = daemon->Log();
  EXPECT_EQ(run.totals.lost, 0U) << run.totals.reasons;
  TruthCheckOptions check = options.check;
  if (const char* kinds = std::getenv("NODESPAN_TEST_KINDS")) {
    check.kinds = absl::StrSplit(kinds, ',');
  }
  run.findings = CompareWithTruth(expected(run.truth.spans), run.spans, check);
  if (!run.findings.empty()) {
    const char* limit = std::getenv("NODESPAN_TEST_FINDINGS");
    ADD_FAILURE() << Summarise(run.findings, limit == nullptr ? 30 : std::strtoul(limit, nullptr, 10));
  }
  if (::testing::Test::HasFailure()) {
    ADD_FAILURE() << "the daemon said:\n" << run.log;
  }
  return run;
}

}  // namespace nodespan::e2e
