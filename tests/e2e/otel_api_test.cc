// SPDX-License-Identifier: Apache-2.0
// Spans that programs make through the OpenTelemetry API against the truth (tests/goprograms/otelapi).
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

// More spans at a time than the export queue holds by default.
const ChildProcess::Environment kLargeQueue = {{"OTEL_BSP_MAX_QUEUE_SIZE", "100000"},
                                               {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"}};

struct Build {
  const char* toolchain;
  const char* kind;
  const char* modules;
};

class OtelApiTest : public E2eTest, public ::testing::WithParamInterface<Build> {};

TEST_P(OtelApiTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip(GetParam().toolchain, GetParam().kind, "otelapi", GetParam().modules);
  if (program.ok()) {
    ExpectTruth(program, {.daemon_environment = kLargeQueue});
  }
}

INSTANTIATE_TEST_SUITE_P(Builds, OtelApiTest,
                         ::testing::Values(Build{"path", "default", "default"}, Build{"newest", "stripped", "default"},
                                           Build{"path", "pie", "default"}, Build{"path", "default", "older"},
                                           Build{"oldest", "default", "oldest"}),
                         [](const auto& info) {
                           return std::string(info.param.toolchain) + "_" + info.param.kind + "_" + info.param.modules;
                         });

// Programs with an SDK of their own (tests/goprograms/otelsdk).
class OwnSdkTest : public E2eTest {};

TEST_F(OwnSdkTest, AProgramThatExportsSpansIsLetGo) {
  const Program program = BuildOrSkip("path", "default", "otelsdk");
  if (!program.ok()) {
    return;
  }
  const auto traced = GoProgram::Start(program.path, {"--size", "20"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  traced->StartTraffic();
  EXPECT_TRUE(traced->process().WaitForOutput(R"("kind":"summary")"));
  EXPECT_TRUE(daemon->process().WaitForError("it exports spans with its own OpenTelemetry SDK")) << daemon->Log();
  traced->process().CloseInput();
  EXPECT_EQ(traced->process().Wait(), ExitStatus{});
  const SpanTotals totals = daemon->Stop();
  EXPECT_LT(totals.exported, 10U) << "requests go on being traced after the first export";
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
}

TEST_F(OwnSdkTest, AProgramThatExportsSpansIsTracedOnRequest) {
  const Program program = BuildOrSkip("path", "default", "otelsdk");
  if (program.ok()) {
    ExpectTruth(program, {.daemon_arguments = {"--self-exporting", "trace"}});
  }
}

class OtelSwitchTest : public E2eTest {};

TEST_F(OtelSwitchTest, SpansAreLeftOutOnRequest) {
  const Program program = BuildOrSkip("path", "default", "otelapi");
  if (!program.ok()) {
    return;
  }
  const TruthRun run = ExpectTruth(program, {.program_arguments = {"--scenario", "changes"},
                                             .program_environment = {{"OTEL_GO_AUTO_GLOBAL", "false"}},
                                             .check = {.kinds = {"server"}}});
  EXPECT_FALSE(run.spans.empty());
  for (const auto& span : run.spans) {
    EXPECT_EQ(span.kind(), opentelemetry::proto::trace::v1::Span::SPAN_KIND_SERVER) << span.name();
  }
}

}  // namespace
}  // namespace nodespan::e2e
