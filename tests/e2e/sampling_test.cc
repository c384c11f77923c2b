// SPDX-License-Identifier: Apache-2.0
// The sampling decision in the kernel against the rule of the OpenTelemetry Go SDK, for chosen trace ids.
#include <set>
#include <thread>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "model/sampler.h"
#include "tests/e2e/harness/http_client.h"
#include "tests/e2e/harness/traced_run.h"

namespace nodespan::e2e {
namespace {

using ::testing::HasSubstr;

constexpr size_t kRequests = 200;

// One request of the test, with or without a parent that is sampled or not.
struct Request {
  std::string id;
  uint64_t low = 0;  // the last eight bytes of the trace id
  bool has_parent = false;
  bool parent_sampled = false;
};

// The second half of the trace ids runs evenly through its whole range, so each ratio decides both ways.
std::vector<Request> MakeRequests() {
  std::vector<Request> requests;
  for (size_t i = 0; i < kRequests; ++i) {
    requests.push_back({fmt::format("sampling-{:05}", i), i * (UINT64_MAX / kRequests) + i, i % 4 != 3, i % 2 == 0});
  }
  return requests;
}

// sampling.go of go.opentelemetry.io/otel/sdk/trace: x := binary.BigEndian.Uint64(traceID[8:16]) >> 1; x < bound, with
// bound = uint64(fraction * (1 << 63)).
bool SampledByRatio(uint64_t low, double ratio) {
  return ratio >= 1 || (low >> 1) < static_cast<uint64_t>(ratio * 9223372036854775808.0);
}

struct Case {
  const char* sampler;
  const char* argument;
  double ratio;  // of the root decision
  bool parent_based;
};

class SamplingTest : public E2eTest, public ::testing::WithParamInterface<Case> {};

TEST_P(SamplingTest, DecisionsAreThoseOfTheGoSdk) {
  const Case& test = GetParam();
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  const auto traced = GoProgram::Start(program.path, {"--client", "external"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start(
      {.arguments = {"--pid", std::to_string(traced->pid())},
       .environment = {{"OTEL_TRACES_SAMPLER", test.sampler}, {"OTEL_TRACES_SAMPLER_ARG", test.argument}}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));

  const std::vector<Request> requests = MakeRequests();
  const auto client = HttpClient::Connect(traced->port());
  ASSERT_NE(client, nullptr);
  for (const Request& request : requests) {
    const std::string parent = fmt::format("traceparent: 00-{:016x}{:016x}-00f067aa0ba902b7-{:02x}\r\n",
                                           0x4bf92f3577b34da6U, request.low, request.parent_sampled ? 1 : 0);
    const std::string headers = request.has_parent ? parent : std::string();
    if (&request == &requests.back()) {
      ASSERT_EQ(client->GetAndClose("/items/" + request.id, headers), 200);
      continue;
    }
    client->Send("/items/" + request.id, headers);
    ASSERT_EQ(client->Receive(), 200);
  }
  traced->Finish();
  const SpanTotals totals = daemon->Stop();

  std::set<std::string> sampled;
  for (const ReceivedSpan& received : daemon->spans()) {
    const std::string id = IdIn(AttributesOf(received.span)["url.path"]);
    EXPECT_TRUE(sampled.insert(id).second) << id;
    if (received.span.parent_span_id().empty()) {  // Its trace id was made in the kernel.
      const uint64_t low = std::stoull(Hex(received.span.trace_id()).substr(16), nullptr, 16);
      EXPECT_TRUE(SampledByRatio(low, test.ratio)) << id << " " << Hex(received.span.trace_id());
    }
  }
  for (const Request& request : requests) {
    if (request.has_parent) {
      const bool expected = test.parent_based ? request.parent_sampled : SampledByRatio(request.low, test.ratio);
      EXPECT_EQ(sampled.contains(request.id), expected) << request.id << " " << request.low;
    } else if (test.ratio == 0 || test.ratio == 1) {
      EXPECT_EQ(sampled.contains(request.id), test.ratio == 1) << request.id;
    }
  }
  EXPECT_EQ(totals.exported, sampled.size());
  EXPECT_EQ(totals.unsampled, kRequests - sampled.size());
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
}

class PropagatorsTest : public E2eTest {};

TEST_F(PropagatorsTest, NoneMakesEveryRequestBeginATrace) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  const auto traced = GoProgram::Start(program.path, {"--client", "external"}, {{"OTEL_PROPAGATORS", "none"}});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  const auto client = HttpClient::Connect(traced->port());
  ASSERT_NE(client, nullptr);
  ASSERT_EQ(client->GetAndClose("/items/propagators-00001",
                                "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00\r\n"
                                "tracestate: a=1\r\n"),
            200);
  traced->Finish();
  EXPECT_EQ(daemon->Stop().lost, 0U);
  const std::vector<ReceivedSpan> spans = daemon->spans();
  ASSERT_EQ(spans.size(), 1U);
  const auto& span = spans[0].span;
  EXPECT_NE(Hex(span.trace_id()), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(span.parent_span_id(), "");
  EXPECT_EQ(span.trace_state(), "");
}

uint64_t Next(uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

class SamplerFormulaTest : public E2eTest {};

// The threshold is ours, and the kernel compares with it as here (bpf/emit/sampling.bpf.h).
TEST_F(SamplerFormulaTest, DecidesAHundredThousandTimesAsTheSdkItself) {
  const Program program = BuildOrSkip("path", "default", "otelsdk");
  if (!program.ok()) {
    return;
  }
  const std::vector<std::string> ratios = {"-1",  "0",   "1e-18", "1e-9",     "0.001", "0.1", "0.25",
                                           "0.3", "0.5", "0.9",   "0.999999", "1",     "2"};
  std::vector<std::string> words = {program.path, "--decisions"};
  words.insert(words.end(), ratios.begin(), ratios.end());
  const auto sdk = ChildProcess::Start(words);
  ASSERT_NE(sdk, nullptr);
  ASSERT_EQ(sdk->Wait(), ExitStatus{});
  std::vector<std::string> expected;
  for (const std::string& ratio : ratios) {
    const uint64_t threshold = model::TraceIdRatioThreshold(std::stod(ratio));
    uint64_t state = 0, sampled = 0, hash = 0;
    for (int i = 0; i < 100'000; ++i) {
      (void)Next(state);
      const uint64_t bit = (Next(state) >> 1) < threshold ? 1 : 0;
      sampled += bit;
      hash = (hash ^ bit) * 0x100000001b3;
    }
    expected.push_back(fmt::format("{} {} {}", ratio, sampled, hash));
  }
  EXPECT_EQ(sdk->OutputLines(), expected);
}

class SpanMetricsTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(SpanMetricsTest, HaveWhatTheSamplerLeavesOut) {
  const Program program = BuildOrSkip();
  if (!program.ok()) {
    return;
  }
  const auto traced = GoProgram::Start(program.path, {"--client", "external"});
  ASSERT_NE(traced, nullptr);
  const auto daemon =
      NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid()), "--http-listen", "127.0.0.1:0"},
                             .environment = {{"OTEL_TRACES_SAMPLER", GetParam()},
                                             {"OTEL_TRACES_SAMPLER_ARG", "0.5"},
                                             {"OTEL_SERVICE_NAME", "measured"},
                                             {"NODESPAN_SPAN_METRICS", "true"}}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  const auto client = HttpClient::Connect(traced->port());
  ASSERT_NE(client, nullptr);
  for (size_t i = 1; i < kRequests; ++i) {
    client->Send(fmt::format("/items/sampling-{:05}", i), i % 10 == 0 ? "User-Agent: kube-probe/1\r\n" : "");
    ASSERT_EQ(client->Receive(), 200);
  }
  ASSERT_EQ(client->GetAndClose("/items/sampling-00000"), 200);
  traced->Finish();
  constexpr size_t kMeasured = kRequests - 19;
  const std::string expected = fmt::format("}} {}\n", kMeasured);
  std::string page;
  const auto deadline = Clock::now() + kPatience;
  while (page.find(expected) == std::string::npos && Clock::now() < deadline) {
    page = daemon->Get("/metrics");
    std::this_thread::sleep_for(Milliseconds(20));
  }
  const std::string labels =
      "{service_name=\"measured\",span_name=\"GET /items/{id}\",span_kind=\"SPAN_KIND_SERVER\","
      "status_code=\"STATUS_CODE_UNSET\"";
  EXPECT_THAT(page, HasSubstr("traces_span_metrics_calls_total" + labels + expected));
  EXPECT_THAT(page, HasSubstr(fmt::format("traces_span_metrics_duration_seconds_count{}}} {}\n", labels, kMeasured)));

  const SpanTotals totals = daemon->Stop();
  EXPECT_EQ(daemon->spans().size(), totals.exported);
  EXPECT_EQ(totals.exported + totals.unsampled, kMeasured);
  EXPECT_EQ(totals.excluded, 19U);
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;
  EXPECT_EQ(totals.exported == 0, std::string_view(GetParam()) == "always_off");
}

INSTANTIATE_TEST_SUITE_P(Samplers, SpanMetricsTest, ::testing::Values("always_off", "traceidratio"),
                         [](const auto& info) { return std::string(info.param); });

INSTANTIATE_TEST_SUITE_P(Samplers, SamplingTest,
                         ::testing::Values(Case{"always_on", "", 1, false}, Case{"always_off", "", 0, false},
                                           Case{"traceidratio", "0.25", 0.25, false},
                                           Case{"parentbased_always_on", "", 1, true},
                                           Case{"parentbased_always_off", "", 0, true},
                                           Case{"parentbased_traceidratio", "0.25", 0.25, true}),
                         [](const auto& info) { return std::string(info.param.sampler); });

}  // namespace
}  // namespace nodespan::e2e
