// SPDX-License-Identifier: Apache-2.0
// Consistent probability sampling: what is decided in the kernel by the randomness of a trace, and what the tracestate
// of every span then says (OpenTelemetry specification, "TraceState: Probability Sampling").
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/e2e/harness/http_client.h"
#include "tests/e2e/harness/traced_run.h"

namespace nodespan::e2e {
namespace {

constexpr uint64_t kQuarter = 0xc0000000000000;  // the threshold of 0.25

// A request that continues a trace.
struct Traced {
  uint64_t low;  // the last eight bytes of its id, of which seven are its randomness
  bool is_sampled;
  std::vector<std::string> tracestate;  // lines of the header
  // What the spans say of the server and of the client in it; absent: there are none.
  struct Spans {
    std::string server;
    std::string client;
  };
  std::optional<Spans> spans;
};

struct Case {
  const char* name;
  const char* sampler;
  std::vector<Traced> requests;
};

class ConsistentSamplingTest : public E2eTest, public ::testing::WithParamInterface<Case> {};

TEST_P(ConsistentSamplingTest, DecidesByRandomnessAndSaysSo) {
  const Program program = BuildOrSkip("path", "default", "relay");
  if (!program.ok()) {
    return;
  }
  const auto traced = GoProgram::Start(program.path, {});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start(
      {.arguments = {"--pid", std::to_string(traced->pid())},
       .environment = {{"OTEL_TRACES_SAMPLER", GetParam().sampler}, {"OTEL_TRACES_SAMPLER_ARG", "0.25"}}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));

  std::map<std::string, std::string> expected;  // trace id and kind -> tracestate
  for (size_t i = 0; i < GetParam().requests.size(); ++i) {
    const Traced& request = GetParam().requests[i];
    const std::string id = fmt::format("{:016x}{:016x}", i + 1, request.low);
    std::string headers = fmt::format("traceparent: 00-{}-00f067aa0ba902b7-{:02x}\r\n", id, request.is_sampled ? 3 : 2);
    for (const std::string& line : request.tracestate) {
      headers += fmt::format("tracestate: {}\r\n", line);
    }
    const auto client = HttpClient::Connect(traced->port());
    ASSERT_NE(client, nullptr);
    ASSERT_EQ(client->GetAndClose(fmt::format("/relay/{}", i), headers), 200);
    if (request.spans) {
      expected[id + " server"] = request.spans->server;
      expected[id + " client"] = request.spans->client;
    }
  }
  traced->Finish();
  const SpanTotals totals = daemon->Stop();
  EXPECT_EQ(totals.lost, 0U) << totals.reasons;

  std::map<std::string, std::string> continued;
  for (const auto& [pid, service, span] : daemon->spans()) {
    const std::string id = Hex(span.trace_id());
    const bool is_server = span.kind() == opentelemetry::proto::trace::v1::Span::SPAN_KIND_SERVER;
    const bool is_root = span.parent_span_id().empty();
    if (!is_root) {
      continued[id + (is_server ? " server" : " client")] = span.trace_state();
    } else if (std::string_view(GetParam().sampler) != "parentbased_always_on") {  // the leaf's: decided here
      EXPECT_EQ(span.trace_state(), "ot=th:c");
      EXPECT_GE(std::stoull(id.substr(18), nullptr, 16), kQuarter) << id;
    } else {
      EXPECT_EQ(span.trace_state(), "");
    }
  }
  EXPECT_EQ(continued, expected);
}

const std::string kForeign(400, 'f');

const Case kCases[] = {
    {"Always",
     "consistent_probability",
     {
         {kQuarter, false, {}, {{"ot=th:c", "ot=th:c"}}},
         {kQuarter - 1, true, {}, {}},
         {0xff00000000000000, true, {}, {}},  // the first byte does not count
         {0, false, {"a=1,ot=rv:c0000000000000"}, {{"ot=th:c;rv:c0000000000000,a=1", "ot=th:c;rv:c0000000000000"}}},
         {kQuarter, true, {"ot=rv:bfffffffffffff"}, {}},
         {0,
          true,
          {"a=1", "b=2 ,\tot=x:y;th:8;rv:d0000000000000;z:", "c=3"},
          {{"ot=th:c;x:y;rv:d0000000000000;z:,a=1,b=2,c=3", "ot=th:c;rv:d0000000000000"}}},
         {0,
          true,
          {"a=" + kForeign.substr(0, 200) + ",b=" + kForeign.substr(0, 200), "ot=rv:ffffffffffffff"},
          {{"ot=th:c;rv:ffffffffffffff,a=" + kForeign.substr(0, 200) + ",b=" + kForeign.substr(0, 200),
            "ot=th:c;rv:ffffffffffffff"}}},
         // None of these is the number.
         {0, true, {"ot=rv:F0000000000000"}, {}},
         {0, true, {"ot=rv:ffffffffffffffff"}, {}},
         {0, true, {"ot=rv:fff"}, {}},
         {0, true, {"not=rv:ffffffffffffff,o=rv:ffffffffffffff,ot2=rv:ffffffffffffff"}, {}},
         {0, true, {"ot=xrv:ffffffffffffff;r:ffffffffffffff;rvv:ffffffffffffff"}, {}},
     }},
    {"ParentBased",
     "parentbased_consistent_probability",
     {
         {0x90000000000000, true, {"ot=th:8"}, {{"ot=th:8", "ot=th:8"}}},
         {0x90000000000000, true, {"a=1,ot=th:80;x:y,b=2"}, {{"a=1,ot=th:80;x:y,b=2", "ot=th:8"}}},
         {0x90000000000000, true, {"ot=th:a;x:y,a=1"}, {{"ot=x:y,a=1", ""}}},  // that did not sample it
         {0, true, {"ot=th:a;rv:b0000000000000"}, {{"ot=th:a;rv:b0000000000000", "ot=th:a;rv:b0000000000000"}}},
         {0, true, {"a=1"}, {{"a=1", ""}}},
         {0xffffffffffffff, false, {"ot=th:8"}, {}},
     }},
    // Who decides otherwise hands on what others have decided.
    {"AlwaysOn",
     "parentbased_always_on",
     {
         {0x90000000000000, true, {"ot=th:8,a=1"}, {{"ot=th:8,a=1", "ot=th:8"}}},
         {0, true, {"ot=th:8"}, {{"ot=th:8", "ot=th:8"}}},
         {0, true, {}, {{"", ""}}},
     }},
};

INSTANTIATE_TEST_SUITE_P(Samplers, ConsistentSamplingTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace nodespan::e2e
