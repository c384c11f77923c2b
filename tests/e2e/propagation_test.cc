// SPDX-License-Identifier: Apache-2.0
// Requests that carry their trace on: the headers that nodespan writes into them, against what the servers of the test
// programs were sent. A kernel under lockdown refuses the programs that write; there only that refusal can be tested,
// and tests/kernel/propagation runs the rest in a VM.
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kRefused = "lets no program write into others";

// Whether this kernel takes programs that write: one that writes nothing to nowhere is loaded.
bool KernelWrites() {
  const bpf_insn program[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_10, .off = 0, .imm = 0},
      {.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .src_reg = 0, .off = 0, .imm = -8},
      {.code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .src_reg = 0, .off = -8, .imm = 0},
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .src_reg = 0, .off = 0, .imm = 8},
      {.code = BPF_JMP | BPF_CALL, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = BPF_FUNC_probe_write_user},
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
  };
  const base::UniqueFd loaded(
      bpf_prog_load(BPF_PROG_TYPE_KPROBE, "writes", "GPL", program, std::size(program), nullptr));
  return loaded.valid();
}

const ChildProcess::Environment kEnvironment = {{"OTEL_BSP_MAX_QUEUE_SIZE", "100000"},
                                                {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"},
                                                {"OTEL_SEMCONV_STABILITY_OPT_IN", "rpc"}};

// A VM without hardware support is slow, so that programs notice late what has happened.
const TruthCheckOptions kPropagated = {.propagated = true, .kinds = {}, .end_tolerance_ns = 20'000'000'000};

class RefusedPropagationTest : public E2eTest {};

TEST_F(RefusedPropagationTest, IsSaidAndChangesNothingElse) {
  if (KernelWrites()) {
    GTEST_SKIP() << "this kernel refuses nothing";
  }
  const Program program = BuildOrSkip("path", "default", "httpclient");
  if (program.ok()) {
    const TruthRun run =
        ExpectTruth(program, {.program_arguments = {"--scenario", "basic"}, .daemon_arguments = {"--propagate"}});
    EXPECT_THAT(run.log, HasSubstr(kRefused));
  }
}

class PropagationTest : public E2eTest {
 protected:
  void SetUp() override {
    E2eTest::SetUp();
    if (!IsSkipped() && !KernelWrites()) {
      GTEST_SKIP() << "this kernel lets no program write into others";
    }
  }
};

struct Case {
  const char* name;
  const char* program;
  const char* modules;
  const char* scenarios;
};

class PropagationScenarioTest : public PropagationTest, public ::testing::WithParamInterface<Case> {};

TEST_P(PropagationScenarioTest, EveryServerKnowsItsCaller) {
  const Program program = BuildOrSkip("path", "default", GetParam().program, GetParam().modules);
  if (program.ok()) {
    const TruthRun run = ExpectTruth(program, {.program_arguments = {"--scenario", GetParam().scenarios, "--size", "8"},
                                               .daemon_arguments = {"--propagate"},
                                               .daemon_environment = kEnvironment,
                                               .check = kPropagated});
    EXPECT_THAT(run.log, Not(HasSubstr("propagation_")));
  }
}

// Not among them: proxies, which pass on the context that they were sent; see the limits in the README.
constexpr const char* kCalls = "unary,serverstream,clientstream,bidi,error,metadata,nested,unarymany,streams";
constexpr Case kCases[] = {
    {"HttpClient", "httpclient", "default",
     "basic,redirect,failure,cancel,url,transport,upgrade,nested,https,httptwo,own,concurrency,shared"},
    {"Grpc", "grpcecho", "default", kCalls},
    {"OlderGrpc", "grpcecho", "older", kCalls},
    {"Parents", "parents", "default", "all"},
};

INSTANTIATE_TEST_SUITE_P(Programs, PropagationScenarioTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

class PropagationDetailTest : public PropagationTest {
 protected:
  static TruthRun Run(const char* scenario, const ChildProcess::Environment& environment, TruthRunOptions options) {
    const Program program = BuildOrSkip("path", "default", "httpclient");
    if (!program.ok()) {
      return {};
    }
    options.program_arguments = {"--scenario", scenario};
    options.daemon_arguments = {"--propagate"};
    options.daemon_environment = kEnvironment;
    options.daemon_environment.insert(environment.begin(), environment.end());
    return ExpectTruth(program, options);
  }

  // What the server of the operation was sent in a header.
  static std::map<std::string, std::string> Received(const TruthRun& run, const std::string& header) {
    std::map<std::string, std::string> values;
    for (const SpanTruth& line : run.truth.spans) {
      if (line.kind == "server") {
        values[line.id] = line.facts.at(header);
      }
    }
    return values;
  }

  static std::vector<SpanTruth> None(const std::vector<SpanTruth>&) { return {}; }
};

TEST_F(PropagationDetailTest, AFullBufferIsLeftAlone) {
  const TruthRun run = Run("room", {}, {.check = kPropagated});
  size_t without = 0;
  const auto received = Received(run, "traceparent");
  for (const auto& [id, value] : received) {
    without += value.empty() ? 1 : 0;
  }
  EXPECT_GT(without, 0U);
  EXPECT_LT(without, received.size() / 2);
  EXPECT_THAT(run.log, HasSubstr("propagation_no_room=" + std::to_string(without)));
}

TEST_F(PropagationDetailTest, WhatIsNotSampledIsCarriedOnAsSuch) {
  const TruthRun run = Run("basic", {{"OTEL_TRACES_SAMPLER", "always_off"}}, {.expected = None});
  EXPECT_TRUE(run.spans.empty());
  std::set<std::string> contexts;
  for (const auto& [id, value] : Received(run, "traceparent")) {
    EXPECT_EQ(value.size(), 55U) << id;
    EXPECT_EQ(value.substr(std::min<size_t>(value.size(), 52)), "-02") << id << ": " << value;
    contexts.insert(value);
  }
  EXPECT_EQ(contexts.size(), Received(run, "traceparent").size()) << "each request has its own";
}

TEST_F(PropagationDetailTest, ATraceIsSampledByAllOrNone) {
  std::map<std::string, std::set<std::string>> kinds;
  const TruthRun run =
      Run("concurrency", {{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "0.5"}},
          {.expected = None, .check = {.kinds = {"none"}}});
  std::set<std::string> traces_of_clients;
  std::set<std::string> traces_of_servers;
  for (const auto& span : run.spans) {
    (span.kind() == opentelemetry::proto::trace::v1::Span::SPAN_KIND_CLIENT ? traces_of_clients : traces_of_servers)
        .insert(span.trace_id());
    kinds[span.trace_id()].insert(span.span_id());
  }
  EXPECT_EQ(traces_of_clients, traces_of_servers);
  EXPECT_GT(traces_of_clients.size(), 10U);
  EXPECT_GT(run.totals.unsampled, 10U);
}

TEST_F(PropagationDetailTest, TheThresholdOfConsistentSamplingGoesAlong) {
  const TruthRun run =
      Run("basic", {{"OTEL_TRACES_SAMPLER", "parentbased_consistent_probability"}, {"OTEL_TRACES_SAMPLER_ARG", "0.75"}},
          {.expected = None, .check = {.kinds = {"none"}}});
  for (const auto& [id, value] : Received(run, "tracestate")) {
    EXPECT_EQ(value, "ot=th:4") << id;
  }
  EXPECT_FALSE(run.spans.empty());
}

TEST_F(PropagationDetailTest, AProgramThatPropagatesNothingIsLeftAlone) {
  const TruthRun run = Run("basic", {}, {.program_environment = {{"OTEL_PROPAGATORS", "none"}}});
  for (const auto& [id, value] : Received(run, "traceparent")) {
    EXPECT_EQ(value, "") << id;
  }
}

}  // namespace
}  // namespace nodespan::e2e
