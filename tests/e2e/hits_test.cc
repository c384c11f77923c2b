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
  EXPECT_EQ(RunCount(objects.program_ids, "http_route"), requests);  // ServeMux is asked for the route
  EXPECT_EQ(daemon->Stop().exported, requests);
}

struct GrpcCase {
  const char* scenario;
  const char* modules;
  bool streams;
  bool cheap_calls;  // the release shows failures of calls without a hit for every call
};

class GrpcHitsTest : public E2eTest, public ::testing::WithParamInterface<GrpcCase> {};

// Two hits of the server; two of the client and one to find a stream again, in older releases of every call.
TEST_P(GrpcHitsTest, ACallCostsWhatWasPlanned) {
  const Program program = BuildOrSkip("path", "default", "grpcecho", GetParam().modules);
  if (!program.ok()) {
    return;
  }
  const base::UniqueFd counting = EnableRunCounts();
  ASSERT_TRUE(counting.valid()) << "the kernel does not count runs of BPF programs";
  const auto traced = GoProgram::Start(program.path, {"--scenario", GetParam().scenario});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  traced->StartTraffic();
  ASSERT_TRUE(traced->process().WaitForOutput(R"("kind":"summary")", Milliseconds{60'000}));
  const KernelObjects objects = daemon->kernel_objects();
  const std::optional<uint64_t> calls = RunCount(objects.program_ids, "grpc_client_start");
  ASSERT_TRUE(calls.has_value());
  EXPECT_GT(*calls, 0U);
  daemon->WaitForSpans(*calls * 2);
  EXPECT_EQ(RunCount(objects.program_ids, "grpc_client_watched"),
            GetParam().cheap_calls && GetParam().streams ? *calls : 0);
  EXPECT_EQ(RunCount(objects.program_ids, "grpc_client_created"), GetParam().cheap_calls ? 0 : *calls);
  EXPECT_EQ(RunCount(objects.program_ids, "grpc_client_refused"), 0U);
  // What watches a stream ends it again.
  EXPECT_EQ(RunCount(objects.program_ids, "grpc_client_finish"), GetParam().streams ? *calls * 2 : *calls);
  EXPECT_EQ(RunCount(objects.program_ids, "grpc_server_start"), *calls);
  EXPECT_EQ(RunCount(objects.program_ids, "grpc_server_end"), *calls);
  traced->process().CloseInput();
  EXPECT_EQ(traced->process().Wait(), ExitStatus{});
  EXPECT_EQ(daemon->Stop().exported, *calls * 2);
}

// Four spans of the OpenTelemetry API in each request, and one call of SetAttributes for three of them.
TEST_F(E2eTest, ASpanOfTheApiCostsAHitForEachCallAndOneForItsReturn) {
  const Program program = BuildOrSkip("path", "default", "otelapi");
  if (!program.ok()) {
    return;
  }
  const base::UniqueFd counting = EnableRunCounts();
  ASSERT_TRUE(counting.valid()) << "the kernel does not count runs of BPF programs";
  const auto traced = GoProgram::Start(program.path, {"--scenario", "storm,sdkstorm", "--size", "25"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  traced->StartTraffic();
  ASSERT_TRUE(traced->process().WaitForOutput(R"("kind":"summary")"));
  const KernelObjects objects = daemon->kernel_objects();
  constexpr uint64_t kSpans = 25 * 4;
  EXPECT_EQ(RunCount(objects.program_ids, "otel_global_start"), kSpans);
  EXPECT_EQ(RunCount(objects.program_ids, "otel_global_created"), kSpans);
  EXPECT_EQ(RunCount(objects.program_ids, "otel_global_call"), kSpans + 25 * 3);
  EXPECT_EQ(RunCount(objects.program_ids, "otel_span_start"), kSpans);
  EXPECT_EQ(RunCount(objects.program_ids, "otel_span_ended"), kSpans);
  daemon->WaitForSpans(2 * (kSpans + 25));
  traced->process().CloseInput();
  EXPECT_EQ(traced->process().Wait(), ExitStatus{});
  EXPECT_EQ(daemon->Stop().exported, 2 * (kSpans + 25));
}

INSTANTIATE_TEST_SUITE_P(Cases, GrpcHitsTest,
                         ::testing::Values(GrpcCase{"unary", "default", false, true},
                                           GrpcCase{"streams", "default", true, true},
                                           GrpcCase{"unary", "older", false, false},
                                           GrpcCase{"streams", "older", true, false}),
                         [](const auto& info) { return std::string(info.param.scenario) + "_" + info.param.modules; });

class KafkaHitsTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

// Two hits for a call that sends messages, however many, and two for a message that is consumed: the second of them
// also begins the work on it, and the next call ends it. Closing a reader is a hit of its own.
TEST_P(KafkaHitsTest, ACallCostsAHitAtItsStartAndOneAtItsEnd) {
  const Program program = BuildOrSkip("path", "default", "kafkaclient", GetParam());
  if (!program.ok()) {
    return;
  }
  const base::UniqueFd counting = EnableRunCounts();
  ASSERT_TRUE(counting.valid()) << "the kernel does not count runs of BPF programs";
  const auto traced = GoProgram::Start(program.path, {"--scenario", "hits"});
  ASSERT_NE(traced, nullptr);
  const auto daemon = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced->pid())}});
  ASSERT_NE(daemon, nullptr);
  ASSERT_TRUE(daemon->WaitUntilAttached(traced->pid()));
  traced->StartTraffic();
  ASSERT_TRUE(traced->process().WaitForOutput(R"("kind":"summary")", Milliseconds{60'000}));
  constexpr uint64_t kMessages = 50;  // tests/goprograms/kafkaclient: in one call, and fetched one by one
  constexpr size_t kSpans = 1 + 2 * kMessages;
  daemon->WaitForSpans(kSpans);
  const KernelObjects objects = daemon->kernel_objects();
  EXPECT_EQ(RunCount(objects.program_ids, "kafka_writer_start"), 1U);
  EXPECT_EQ(RunCount(objects.program_ids, "kafka_writer_end"), 1U);
  EXPECT_EQ(RunCount(objects.program_ids, "kafka_reader_start"), kMessages);
  EXPECT_EQ(RunCount(objects.program_ids, "kafka_reader_end"), kMessages);
  EXPECT_EQ(RunCount(objects.program_ids, "kafka_reader_close"), 1U);
  traced->process().CloseInput();
  EXPECT_EQ(traced->process().Wait(), ExitStatus{});
  EXPECT_EQ(daemon->Stop().exported, kSpans);
}

INSTANTIATE_TEST_SUITE_P(Modules, KafkaHitsTest, ::testing::Values("default", "older"),
                         [](const auto& info) { return std::string(info.param); });

INSTANTIATE_TEST_SUITE_P(Toolchains, HitsTest, ::testing::Values("path", "oldest", "newest"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace nodespan::e2e
