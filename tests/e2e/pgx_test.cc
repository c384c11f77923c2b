// SPDX-License-Identifier: Apache-2.0
// Spans of jackc/pgx without database/sql against the truth (tests/goprograms/pgxclient), with a PostgreSQL server. The
// statement's text is on, because the ids of the calls are in it.
#include "tests/e2e/harness/database_server.h"
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

const ChildProcess::Environment kWithPgxText = {{"OTEL_GO_AUTO_INCLUDE_DB_STATEMENT", "true"}};

struct PgxCase {
  const char* scenario;
  const char* modules;
};

class PgxTest : public E2eTest, public ::testing::WithParamInterface<PgxCase> {};

TEST_P(PgxTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip("path", "default", "pgxclient", GetParam().modules);
  if (!program.ok()) {
    return;
  }
  const auto server = DatabaseServer::OrSkip(DatabaseServer::StartPostgres());
  if (server == nullptr) {
    return;
  }
  ChildProcess::Environment environment = kWithPgxText;
  environment.insert({"NODESPAN_TEST_POSTGRES", server->dsn()});
  ExpectTruth(program, {.program_arguments = {"--scenario", GetParam().scenario},
                        .program_environment = environment,
                        .daemon_environment = kWithPgxText});
}

std::vector<PgxCase> EveryPgxCase() {
  std::vector<PgxCase> cases;
  for (const char* scenario : {"conn", "pool", "tx", "batch", "copy", "failures", "storm", "driver"}) {
    for (const char* modules : {"default", "older"}) {
      cases.push_back({scenario, modules});
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Cases, PgxTest, ::testing::ValuesIn(EveryPgxCase()),
                         [](const auto& info) { return std::string(info.param.scenario) + "_" + info.param.modules; });

}  // namespace
}  // namespace nodespan::e2e
