// SPDX-License-Identifier: Apache-2.0
// A test of any program of tests/goprograms that says what it did in the lines of package truth: it runs while nodespan
// traces it, and the spans are compared with its lines.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/e2e/harness/child_process.h"
#include "tests/e2e/harness/nodespan_daemon.h"
#include "tests/e2e/harness/traced_run.h"
#include "tests/e2e/harness/truth_check.h"

namespace nodespan::e2e {

struct TruthRunOptions {
  std::vector<std::string> program_arguments;  // scenarios and their size
  ChildProcess::Environment program_environment;
  std::vector<std::string> daemon_arguments;  // added to the selection of the program
  ChildProcess::Environment daemon_environment;
  bool tracer_first = false;  // the daemon runs before the program starts
  // Which spans are right where not every line has one; null: one for each line.
  std::function<std::vector<SpanTruth>(std::vector<SpanTruth>)> expected;
  TruthCheckOptions check;
};

struct TruthRun {
  ProgramTruth truth;
  std::vector<opentelemetry::proto::trace::v1::Span> spans;  // of the program
  SpanTotals totals;
  std::string log;  // of the daemon
  std::vector<std::string> findings;
};

// For work by hand, NODESPAN_TEST_KINDS ("server,client") limits the kinds that are compared, and
// NODESPAN_TEST_FINDINGS is how many findings are shown.
//
// Runs and compares; says what is wrong in `findings` and in failed expectations. The program's own mistakes, lost
// spans and what a daemon leaves behind are failed expectations too.
TruthRun ExpectTruth(const Program& program, const TruthRunOptions& options);

}  // namespace nodespan::e2e
