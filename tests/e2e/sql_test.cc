// SPDX-License-Identifier: Apache-2.0
// Spans of database/sql with several drivers against the truth (tests/goprograms/sqlclient). The statement's text is
// on, because the ids of the operations are in it.
#include "tests/e2e/harness/database_server.h"
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

const ChildProcess::Environment kWithText = {{"OTEL_GO_AUTO_INCLUDE_DB_STATEMENT", "true"}};

struct Driver {
  const char* scenario;
  const char* modules;
};

std::string NameOf(const ::testing::TestParamInfo<Driver>& info) {
  return std::string(info.param.scenario) + "_" + info.param.modules;
}

class SqlTest : public E2eTest, public ::testing::WithParamInterface<Driver> {
 protected:
  static void ExpectSpans(const Driver& driver, ChildProcess::Environment environment) {
    const Program program = BuildOrSkip("path", "default", "sqlclient", driver.modules);
    if (program.ok()) {
      environment.insert(kWithText.begin(), kWithText.end());
      ExpectTruth(program, {.program_arguments = {"--scenario", driver.scenario},
                            .program_environment = environment,
                            .daemon_environment = kWithText});
    }
  }

  static void ExpectSpansWith(const Driver& driver, const std::string& variable,
                              absl::StatusOr<std::unique_ptr<DatabaseServer>> started) {
    if (const auto server = DatabaseServer::OrSkip(std::move(started))) {
      ExpectSpans(driver, {{variable, server->dsn()}});
    }
  }
};

TEST_P(SqlTest, SpansAreTheTruth) { ExpectSpans(GetParam(), {}); }

INSTANTIATE_TEST_SUITE_P(Drivers, SqlTest,
                         ::testing::Values(Driver{"sqlite", "default"}, Driver{"sqlite", "older"},
                                           Driver{"fake", "default"}, Driver{"badconn", "default"},
                                           Driver{"skip", "default"}, Driver{"wait", "default"},
                                           Driver{"cancel", "default"}),
                         NameOf);

class PostgresTest : public SqlTest {};

TEST_P(PostgresTest, SpansAreTheTruth) {
  ExpectSpansWith(GetParam(), "NODESPAN_TEST_POSTGRES", DatabaseServer::StartPostgres());
}

INSTANTIATE_TEST_SUITE_P(Drivers, PostgresTest,
                         ::testing::Values(Driver{"pq", "default"}, Driver{"pq", "older"}, Driver{"pgx", "default"},
                                           Driver{"pgx", "older"}),
                         NameOf);

class MariaDbTest : public SqlTest {};

TEST_P(MariaDbTest, SpansAreTheTruth) {
  ExpectSpansWith(GetParam(), "NODESPAN_TEST_MYSQL", DatabaseServer::StartMariaDb());
}

INSTANTIATE_TEST_SUITE_P(Drivers, MariaDbTest, ::testing::Values(Driver{"mysql", "default"}, Driver{"mysql", "older"}),
                         NameOf);

}  // namespace
}  // namespace nodespan::e2e
