// SPDX-License-Identifier: Apache-2.0
// What tracing costs a request: the kernel counts the runs of our programs.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "tests/e2e/harness/database_server.h"
#include "tests/e2e/harness/traced_run.h"

namespace nodespan::e2e {
namespace {

constexpr std::string_view kSummary = R"("kind":"summary")";  // what programs of the package truth say at last

class CountedTest : public E2eTest {
 protected:
  // Lets the traffic of the program begin while a daemon traces it and the kernel counts.
  void StartTraffic(const Program& program, const std::vector<std::string>& arguments,
                    const ChildProcess::Environment& environment = {}) {
    counting_ = EnableRunCounts();
    ASSERT_TRUE(counting_.valid()) << "the kernel does not count runs of BPF programs";
    traced_ = GoProgram::Start(program.path, arguments, environment);
    ASSERT_NE(traced_, nullptr);
    daemon_ = NodespanDaemon::Start({.arguments = {"--pid", std::to_string(traced_->pid())}});
    ASSERT_NE(daemon_, nullptr);
    ASSERT_TRUE(daemon_->WaitUntilAttached(traced_->pid()));
    traced_->StartTraffic();
  }

  std::optional<uint64_t> Runs(std::string_view bpf_program) const {
    return RunCount(daemon_->kernel_objects().program_ids, bpf_program);
  }

  // Ends a program of the package truth, and the daemon.
  void ExpectEnd(uint64_t spans) {
    traced_->process().CloseInput();
    EXPECT_EQ(traced_->process().Wait(), ExitStatus{});
    EXPECT_EQ(daemon_->Stop().exported, spans);
  }

  base::UniqueFd counting_;
  std::unique_ptr<GoProgram> traced_;
  std::unique_ptr<NodespanDaemon> daemon_;
};

class HitsTest : public CountedTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(HitsTest, OneHitAtTheStartOfARequestOneAtItsEndAndOneForItsRoute) {
  const Program program = BuildOrSkip(GetParam());
  if (!program.ok()) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", "keepalive", "--requests", "250"}));
  daemon_->WaitForSpans(traced_->WaitForTraffic().size());
  const size_t requests = traced_->Finish().size();
  EXPECT_EQ(requests, 500U);
  EXPECT_EQ(Runs("nethttp_server_start"), requests);
  // Up to Go 1.17 the end of a connection is a hit as well; this scenario has two connections.
  const size_t connection_ends = program.toolchain.version.starts_with("1.17.") ? 2 : 0;
  EXPECT_EQ(Runs("nethttp_server_end"), requests + connection_ends);
  EXPECT_EQ(Runs("http_route"), requests);  // ServeMux is asked for the route
  EXPECT_EQ(daemon_->Stop().exported, requests);
}

struct GrpcCase {
  const char* scenario;
  const char* modules;
  bool streams;
  bool cheap_calls;  // the release shows failures of calls without a hit for every call
};

class GrpcHitsTest : public CountedTest, public ::testing::WithParamInterface<GrpcCase> {};

// Two hits of the server; two of the client and one to find a stream again, in older releases of every call.
TEST_P(GrpcHitsTest, ACallCostsWhatWasPlanned) {
  const Program program = BuildOrSkip("path", "default", "grpcecho", GetParam().modules);
  if (!program.ok()) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", GetParam().scenario}));
  ASSERT_TRUE(traced_->process().WaitForOutput(kSummary, Milliseconds{60'000}));
  const std::optional<uint64_t> calls = Runs("grpc_client_start");
  ASSERT_TRUE(calls.has_value());
  EXPECT_GT(*calls, 0U);
  daemon_->WaitForSpans(*calls * 2);
  EXPECT_EQ(Runs("grpc_client_watched"), GetParam().cheap_calls && GetParam().streams ? *calls : 0);
  EXPECT_EQ(Runs("grpc_client_created"), GetParam().cheap_calls ? 0 : *calls);
  EXPECT_EQ(Runs("grpc_client_refused"), 0U);
  // What watches a stream ends it again.
  EXPECT_EQ(Runs("grpc_client_finish"), GetParam().streams ? *calls * 2 : *calls);
  EXPECT_EQ(Runs("grpc_server_start"), *calls);
  EXPECT_EQ(Runs("grpc_server_end"), *calls);
  ExpectEnd(*calls * 2);
}

// Four spans of the OpenTelemetry API in each request, and one call of SetAttributes for three of them.
TEST_F(CountedTest, ASpanOfTheApiCostsAHitForEachCallAndOneForItsReturn) {
  const Program program = BuildOrSkip("path", "default", "otelapi");
  if (!program.ok()) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", "storm,sdkstorm", "--size", "25"}));
  ASSERT_TRUE(traced_->process().WaitForOutput(kSummary));
  constexpr uint64_t kSpans = 25 * 4;
  EXPECT_EQ(Runs("otel_global_start"), kSpans);
  EXPECT_EQ(Runs("otel_global_created"), kSpans);
  EXPECT_EQ(Runs("otel_global_call"), kSpans + 25 * 3);
  EXPECT_EQ(Runs("otel_span_start"), kSpans);
  EXPECT_EQ(Runs("otel_span_ended"), kSpans);
  daemon_->WaitForSpans(2 * (kSpans + 25));
  ExpectEnd(2 * (kSpans + 25));
}

INSTANTIATE_TEST_SUITE_P(Cases, GrpcHitsTest,
                         ::testing::Values(GrpcCase{"unary", "default", false, true},
                                           GrpcCase{"streams", "default", true, true},
                                           GrpcCase{"unary", "older", false, false},
                                           GrpcCase{"streams", "older", true, false}),
                         [](const auto& info) { return std::string(info.param.scenario) + "_" + info.param.modules; });

class KafkaHitsTest : public CountedTest, public ::testing::WithParamInterface<const char*> {};

// Two hits for a call that sends messages, however many, and two for a message that is consumed: the second of them
// also begins the work on it, and the next call ends it. Closing a reader is a hit of its own.
TEST_P(KafkaHitsTest, ACallCostsAHitAtItsStartAndOneAtItsEnd) {
  const Program program = BuildOrSkip("path", "default", "kafkaclient", GetParam());
  if (!program.ok()) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", "hits"}));
  ASSERT_TRUE(traced_->process().WaitForOutput(kSummary, Milliseconds{60'000}));
  constexpr uint64_t kMessages = 50;  // tests/goprograms/kafkaclient: in one call, and fetched one by one
  constexpr size_t kSpans = 1 + 2 * kMessages;
  daemon_->WaitForSpans(kSpans);
  EXPECT_EQ(Runs("kafka_writer_start"), 1U);
  EXPECT_EQ(Runs("kafka_writer_end"), 1U);
  EXPECT_EQ(Runs("kafka_reader_start"), kMessages);
  EXPECT_EQ(Runs("kafka_reader_end"), kMessages);
  EXPECT_EQ(Runs("kafka_reader_close"), 1U);
  ExpectEnd(kSpans);
}

class SaramaHitsTest : public CountedTest, public ::testing::WithParamInterface<const char*> {};

// Two hits for a call, however many messages it sends. The newest program has an AsyncProducer of its own as well, and
// so hits more for each request, in which calls of a SyncProducer go too; the older has none.
TEST_P(SaramaHitsTest, ACallCostsAHitAtItsStartAndOneAtItsEnd) {
  const Program program = BuildOrSkip("path", "default", "saramaclient", GetParam());
  if (!program.ok()) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", "hits"}));
  ASSERT_TRUE(traced_->process().WaitForOutput(kSummary, Milliseconds{60'000}));
  constexpr uint64_t kCalls = 2 * 50;  // tests/goprograms/saramaclient: of one message, and of two
  daemon_->WaitForSpans(kCalls);
  EXPECT_EQ(Runs("sarama_producer_start"), kCalls);
  EXPECT_EQ(Runs("sarama_producer_end"), kCalls);
  const bool has_async = std::string_view(GetParam()) == "default";
  const std::optional<uint64_t> requests = Runs("sarama_batch_request");
  ASSERT_TRUE(requests.has_value());
  if (has_async) {
    EXPECT_GE(*requests, kCalls);  // two messages can have one each
  } else {
    EXPECT_EQ(*requests, 0U);
  }
  EXPECT_EQ(Runs("sarama_batch_answer"), requests);
  EXPECT_EQ(Runs("sarama_batch_end"), requests);  // each has messages of one partition
  ExpectEnd(kCalls);
}

// Also answers without messages, which consumers wait for, are looked at.
TEST_P(SaramaHitsTest, ReceivedMessagesOfAPartitionCostTwoHitsTogether) {
  const Program program = BuildOrSkip("path", "default", "saramaclient", GetParam());
  if (!program.ok()) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", "consume"}));
  ASSERT_TRUE(traced_->process().WaitForOutput(kSummary, Milliseconds{60'000}));
  constexpr uint64_t kReceived = 12;  // tests/goprograms/saramaclient/receiving.go
  constexpr uint64_t kSent = kReceived - 1;
  daemon_->WaitForSpans(kSent + kReceived);
  const std::optional<uint64_t> answers = Runs("sarama_consumer_start");
  ASSERT_TRUE(answers.has_value());
  EXPECT_GE(*answers, kReceived);
  EXPECT_EQ(Runs("sarama_consumer_end"), answers);
  ExpectEnd(kSent + kReceived);
}

INSTANTIATE_TEST_SUITE_P(Modules, SaramaHitsTest, ::testing::Values("default", "older"),
                         [](const auto& info) { return std::string(info.param); });

class FasthttpHitsTest : public CountedTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(FasthttpHitsTest, ARequestCostsAHitAtItsStartAndOneAtItsEnd) {
  const Program program = BuildOrSkip("path", "default", "fasthttpserver", GetParam());
  if (!program.ok()) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", "keepalive", "--size", "250"}));
  ASSERT_TRUE(traced_->process().WaitForOutput(kSummary, Milliseconds{60'000}));
  constexpr uint64_t kRequests = 500;  // over two connections
  daemon_->WaitForSpans(kRequests);
  EXPECT_EQ(Runs("fasthttp_server_start"), kRequests);
  EXPECT_EQ(Runs("fasthttp_server_end"), kRequests);
  EXPECT_EQ(Runs("fasthttp_server_hijacked"), 0U);
  EXPECT_EQ(Runs("http_route"), 0U);  // no router was asked
  ExpectEnd(kRequests);
}

TEST_P(FasthttpHitsTest, ARouteOfFiberCostsAHitMore) {
  const Program program = BuildOrSkip("path", "default", "fasthttpserver", GetParam());
  if (!program.ok()) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", "fibertwo"}));
  ASSERT_TRUE(traced_->process().WaitForOutput(kSummary, Milliseconds{60'000}));
  constexpr uint64_t kVisits = 14;  // tests/goprograms/fasthttpserver/fiber_two.go
  constexpr uint64_t kFetches = 2;  // by the last of them from the server without a router: a span of each side
  daemon_->WaitForSpans(kVisits + 2 * kFetches);
  EXPECT_EQ(Runs("fasthttp_server_start"), kVisits + kFetches);
  EXPECT_EQ(Runs("fasthttp_server_end"), kVisits + kFetches);
  EXPECT_EQ(Runs("http_route"), kVisits);
  ExpectEnd(kVisits + 2 * kFetches);
}

TEST_P(FasthttpHitsTest, ARequestOfAClientCostsAHitAtItsStartAndOneAtItsEnd) {
  const Program program = BuildOrSkip("path", "default", "fasthttpserver", GetParam());
  if (!program.ok()) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", "client", "--size", "100"}));
  ASSERT_TRUE(traced_->process().WaitForOutput(kSummary, Milliseconds{60'000}));
  constexpr uint64_t kRequests = 17 + 100;  // tests/goprograms/fasthttpserver/client.go
  constexpr uint64_t kServed = kRequests - 1;
  daemon_->WaitForSpans(kRequests + kServed);
  EXPECT_EQ(Runs("fasthttp_client_start"), kRequests);
  EXPECT_EQ(Runs("fasthttp_client_end"), kRequests);
  ExpectEnd(kRequests + kServed);
}

// tests/goprograms/httptwo: a transport of golang.org/x/net/http2 that net/http has no part in.
TEST_F(CountedTest, ARequestOfAnHttpTwoTransportCostsThreeHits) {
  const Program program = BuildOrSkip("path", "default", "httptwo");
  if (!program.ok()) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", "standard", "--size", "100"}));
  ASSERT_TRUE(traced_->process().WaitForOutput(kSummary, Milliseconds{60'000}));
  constexpr uint64_t kRequests = 11 + 100;
  constexpr uint64_t kFailed = 3;  // come by the branch to the other return as well
  daemon_->WaitForSpans(2 * kRequests);
  EXPECT_EQ(Runs("nethttp_client_start"), kRequests);
  EXPECT_EQ(Runs("nethttp_client_connection"), kRequests);
  EXPECT_EQ(Runs("nethttp_client_end"), kRequests + kFailed);
  ExpectEnd(2 * kRequests);
}

INSTANTIATE_TEST_SUITE_P(Modules, FasthttpHitsTest, ::testing::Values("default", "older"),
                         [](const auto& info) { return std::string(info.param); });

// tests/goprograms/sqlclient: the scenario's calls that wait, six of them in vain.
TEST_F(CountedTest, ACallThatWaitsForAConnectionCostsAHitMore) {
  const Program program = BuildOrSkip("path", "default", "sqlclient");
  if (!program.ok()) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", "wait"}));
  ASSERT_TRUE(traced_->process().WaitForOutput(kSummary, Milliseconds{60'000}));
  constexpr uint64_t kWaiting = 17;
  constexpr uint64_t kRefused = 6;
  EXPECT_EQ(Runs("database_sql_wait"), kWaiting + kRefused);
  EXPECT_EQ(Runs("database_sql_refused"), kRefused);
  EXPECT_EQ(Runs("database_sql_start"), Runs("database_sql_end"));
  const std::optional<uint64_t> operations = Runs("database_sql_start");
  const std::optional<uint64_t> requests = Runs("nethttp_server_start");
  ASSERT_TRUE(operations.has_value() && requests.has_value());
  const uint64_t spans = *operations + kRefused + *requests;
  daemon_->WaitForSpans(spans);
  ExpectEnd(spans);
}

INSTANTIATE_TEST_SUITE_P(Modules, KafkaHitsTest, ::testing::Values("default", "older"),
                         [](const auto& info) { return std::string(info.param); });

struct RedisHits {
  const char* modules;
  uint64_t ends;  // of a command that succeeds at once: older loops look at the number of attempts first
};

class RedisHitsTest : public CountedTest, public ::testing::WithParamInterface<RedisHits> {};

TEST_P(RedisHitsTest, ACommandCostsAHitAtItsStartAndOneAtItsEnd) {
  const Program program = BuildOrSkip("path", "default", "redisclient", GetParam().modules);
  if (!program.ok()) {
    return;
  }
  const auto server = DatabaseServer::OrSkip(DatabaseServer::StartRedis());
  if (server == nullptr) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", "hits"}, {{"NODESPAN_TEST_REDIS", server->dsn()}}));
  ASSERT_TRUE(traced_->process().WaitForOutput(kSummary, Milliseconds{60'000}));
  constexpr uint64_t kCommands = 50;  // tests/goprograms/redisclient
  daemon_->WaitForSpans(kCommands);
  // Connecting, which the first one does, sends commands as well.
  constexpr uint64_t kMostOfConnecting = 12;
  const std::optional<uint64_t> starts = Runs("go_redis_start");
  const std::optional<uint64_t> ends = Runs("go_redis_end");
  ASSERT_TRUE(starts.has_value() && ends.has_value());
  EXPECT_GE(*starts, kCommands);
  EXPECT_LE(*starts, kCommands + kMostOfConnecting);
  EXPECT_GE(*ends, kCommands * GetParam().ends);
  EXPECT_LE(*ends, kCommands * GetParam().ends + kMostOfConnecting);
  ExpectEnd(kCommands);
}

INSTANTIATE_TEST_SUITE_P(Modules, RedisHitsTest, ::testing::Values(RedisHits{"default", 1}, RedisHits{"older", 2}),
                         [](const auto& info) { return std::string(info.param.modules); });

class MongoHitsTest : public CountedTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(MongoHitsTest, AnOperationCostsAHitAtItsStartOneAtItsCommandAndOneAtItsEnd) {
  const Program program = BuildOrSkip("path", "default", "mongoclient", GetParam());
  if (!program.ok()) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", "hits"}));
  ASSERT_TRUE(traced_->process().WaitForOutput(kSummary, Milliseconds{60'000}));
  constexpr uint64_t kOperations = 50;  // tests/goprograms/mongoclient
  constexpr uint64_t kHandshakes = 8;   // at most: of the connection, and of those that watch the server
  daemon_->WaitForSpans(kOperations);
  for (const char* site : {"mongo_start", "mongo_command", "mongo_end"}) {
    EXPECT_GE(Runs(site), kOperations) << site;
    EXPECT_LE(Runs(site), kOperations + kHandshakes) << site;
  }
  ExpectEnd(kOperations);
}

INSTANTIATE_TEST_SUITE_P(Modules, MongoHitsTest, ::testing::Values("default", "older", "oldest"),
                         [](const auto& info) { return std::string(info.param); });

class PgxHitsTest : public CountedTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(PgxHitsTest, AQueryCostsAHitAtItsStartAndOneWhenItsRowsAreClosed) {
  const Program program = BuildOrSkip("path", "default", "pgxclient", GetParam());
  if (!program.ok()) {
    return;
  }
  const auto server = DatabaseServer::OrSkip(DatabaseServer::StartPostgres());
  if (server == nullptr) {
    return;
  }
  ASSERT_NO_FATAL_FAILURE(StartTraffic(program, {"--scenario", "hits"}, {{"NODESPAN_TEST_POSTGRES", server->dsn()}}));
  ASSERT_TRUE(traced_->process().WaitForOutput(kSummary, Milliseconds{60'000}));
  constexpr uint64_t kQueries = 50;  // tests/goprograms/pgxclient
  constexpr uint64_t kOthers = 1;    // it creates a table
  daemon_->WaitForSpans(kQueries + kOthers);
  // Its statement is prepared once, within the first query.
  EXPECT_EQ(Runs("pgx_start"), kQueries + kOthers + 1);
  EXPECT_EQ(Runs("pgx_rows"), kQueries);
  EXPECT_LE(Runs("pgx_end").value_or(100), 3U);  // the table's, and what the prepared statement comes by
  EXPECT_EQ(Runs("pgx_closing"), 0U);
  ExpectEnd(kQueries + kOthers);
}

INSTANTIATE_TEST_SUITE_P(Modules, PgxHitsTest, ::testing::Values("default", "older"),
                         [](const auto& info) { return std::string(info.param); });

INSTANTIATE_TEST_SUITE_P(Toolchains, HitsTest, ::testing::Values("path", "oldest", "newest"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace nodespan::e2e
