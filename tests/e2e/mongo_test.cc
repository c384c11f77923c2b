// SPDX-License-Identifier: Apache-2.0
// Spans of the MongoDB driver against the truth (tests/goprograms/mongoclient), which is its own server where a real
// one does not do everything, and with FerretDB.
#include "tests/e2e/harness/database_server.h"
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

const ChildProcess::Environment kWithMongoText = {{"OTEL_GO_AUTO_INCLUDE_DB_STATEMENT", "true"}};

struct MongoCase {
  const char* scenario;
  const char* modules;
};

class MongoTest : public E2eTest, public ::testing::WithParamInterface<MongoCase> {};

TEST_P(MongoTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip("path", "default", "mongoclient", GetParam().modules);
  if (!program.ok()) {
    return;
  }
  ExpectTruth(program, {.program_arguments = {"--scenario", GetParam().scenario},
                        .program_environment = kWithMongoText,
                        .daemon_environment = kWithMongoText});
}

std::vector<MongoCase> EveryMongoCase() {
  std::vector<MongoCase> cases;
  for (const char* scenario : {"documents", "cursors", "commands", "bulk", "sessions", "failures", "retries", "nobody",
                               "silent", "compressed", "heartbeats", "storm"}) {
    for (const char* modules : {"default", "older", "oldest"}) {
      cases.push_back({scenario, modules});
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Cases, MongoTest, ::testing::ValuesIn(EveryMongoCase()),
                         [](const auto& info) { return std::string(info.param.scenario) + "_" + info.param.modules; });

class MongoServerTest : public E2eTest, public ::testing::WithParamInterface<MongoCase> {};

TEST_P(MongoServerTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip("path", "default", "mongoclient", GetParam().modules);
  if (!program.ok()) {
    return;
  }
  const auto server = DatabaseServer::OrSkip(DatabaseServer::StartFerretDb());
  if (server == nullptr) {
    return;
  }
  ChildProcess::Environment environment = kWithMongoText;
  environment.insert({"NODESPAN_TEST_MONGO", server->dsn()});
  ExpectTruth(program, {.program_arguments = {"--scenario", GetParam().scenario},
                        .program_environment = environment,
                        .daemon_environment = kWithMongoText});
}

INSTANTIATE_TEST_SUITE_P(Cases, MongoServerTest,
                         ::testing::Values(MongoCase{"documents,cursors,bulk,commands", "default"},
                                           MongoCase{"documents,cursors,bulk,commands", "older"},
                                           MongoCase{"documents,cursors,bulk,commands", "oldest"},
                                           MongoCase{"storm", "default"}),
                         [](const auto& info) { return "Number" + std::to_string(info.index); });

}  // namespace
}  // namespace nodespan::e2e
