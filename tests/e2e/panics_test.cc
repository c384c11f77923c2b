// SPDX-License-Identifier: Apache-2.0
// Panics within operations as exceptions of their spans (tests/goprograms/panics), on the oldest and newest Go.
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "tests/e2e/harness/span_check.h"
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

using opentelemetry::proto::trace::v1::Span;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::map<std::string, std::string> EventAttributes(const Span::Event& event) {
  std::map<std::string, std::string> attributes;
  for (const auto& attribute : event.attributes()) {
    attributes[attribute.key()] = attribute.value().string_value();
  }
  return attributes;
}

// Entries of a list in the facts of a line; none when there is no such fact.
std::vector<std::string> Facts(const SpanTruth& truth, const std::string& name) {
  const auto fact = truth.facts.find(name);
  return fact == truth.facts.end() || fact->second.empty() ? std::vector<std::string>()
                                                           : absl::StrSplit(fact->second, '|');
}

// One entry of such a list; empty when there is none.
std::string Fact(const SpanTruth& truth, const std::string& name, size_t index) {
  const std::vector<std::string> facts = Facts(truth, name);
  return index < facts.size() ? facts[index] : std::string();
}

void ExpectException(const SpanTruth& truth, size_t index, const Span& span) {
  SCOPED_TRACE(truth.name + ", panic " + std::to_string(index));
  const Span::Event& event = span.events(static_cast<int>(index));
  EXPECT_EQ(event.name(), "exception");
  EXPECT_GE(event.time_unix_nano(), span.start_time_unix_nano());
  EXPECT_LE(event.time_unix_nano(), span.end_time_unix_nano());
  auto attributes = EventAttributes(event);
  EXPECT_EQ(attributes["exception.type"], Fact(truth, "types", index));
  EXPECT_EQ(attributes["exception.message"], Fact(truth, "messages", index));
  EXPECT_FALSE(attributes.contains("exception.escaped"));
  const std::vector<std::string> lines = absl::StrSplit(attributes["exception.stacktrace"], '\n');
  ASSERT_GE(lines.size(), 5U) << attributes["exception.stacktrace"];
  EXPECT_THAT(lines[0], StartsWith("goroutine "));
  EXPECT_THAT(lines[1], StartsWith(Fact(truth, "functions", index) + "("));
  EXPECT_THAT(lines[2], HasSubstr(Fact(truth, "places", index)));
  EXPECT_THAT(attributes["exception.stacktrace"], HasSubstr(truth.name == "deep" ? "main.dive" : "net/http."));
}

class PanicsTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(PanicsTest, EveryPanicIsAnExceptionOfItsSpan) {
  const Program program = BuildOrSkip(GetParam(), "default", "panics");
  if (!program.ok()) {
    return;
  }
  const TruthRun run = ExpectTruth(program, {.program_arguments = {"--scenario", "handlers"}});
  size_t panics = 0;
  for (const SpanTruth& truth : run.truth.spans) {
    const auto span = std::find_if(run.spans.begin(), run.spans.end(),
                                   [&](const Span& candidate) { return IdOf(candidate) == truth.id; });
    if (span == run.spans.end()) {
      continue;  // reported already
    }
    const size_t wanted = Facts(truth, "types").size();
    ASSERT_EQ(static_cast<size_t>(span->events_size()), wanted) << truth.name;
    for (size_t i = 0; i < wanted; ++i) {
      ExpectException(truth, i, *span);
    }
    panics += wanted;
    if (AttributesOf(*span)["error.type"] == "panic" && wanted > 0) {
      EXPECT_THAT(span->status().message(), StartsWith("panic: ")) << truth.name;
    }
  }
  EXPECT_GE(panics, 15U);
}

TEST_P(PanicsTest, AProcessThatDiesOfOneLeavesTheSpan) {
  const Program program = BuildOrSkip(GetParam(), "default", "panics");
  if (!program.ok()) {
    return;
  }
  const auto traced = GoProgram::Start(program.path, {"--scenario", "fatal"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  traced->StartTraffic();
  EXPECT_EQ(traced->process().Wait(), (ExitStatus{.code = 2}));
  daemon->WaitForSpans(1);
  const SpanTotals totals = daemon->Stop();
  EXPECT_EQ(totals.exported, 1U);
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
  const std::vector<ReceivedSpan> spans = daemon->spans();
  ASSERT_EQ(spans.size(), 1U);
  const Span& span = spans.front().span;
  EXPECT_EQ(span.kind(), opentelemetry::proto::trace::v1::Span_SpanKind_SPAN_KIND_CLIENT);
  EXPECT_EQ(span.status().code(), opentelemetry::proto::trace::v1::Status_StatusCode_STATUS_CODE_ERROR);
  EXPECT_EQ(AttributesOf(span)["error.type"], "panic");
  ASSERT_EQ(span.events_size(), 1);
  auto attributes = EventAttributes(span.events(0));
  EXPECT_EQ(attributes["exception.type"], "*main.refused");
  EXPECT_THAT(attributes["exception.stacktrace"], HasSubstr("main.dieInAClient.func1"));
}

INSTANTIATE_TEST_SUITE_P(Toolchains, PanicsTest, ::testing::Values("path", "oldest", "newest"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace nodespan::e2e
