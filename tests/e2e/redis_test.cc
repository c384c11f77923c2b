// SPDX-License-Identifier: Apache-2.0
// Spans of go-redis against the truth (tests/goprograms/redisclient), with a Redis server.
#include "tests/e2e/harness/database_server.h"
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

const ChildProcess::Environment kWithRedisText = {{"OTEL_GO_AUTO_INCLUDE_DB_STATEMENT", "true"}};

struct RedisCase {
  const char* scenario;
  const char* modules;
};

class RedisTest : public E2eTest, public ::testing::WithParamInterface<RedisCase> {};

TEST_P(RedisTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip("path", "default", "redisclient", GetParam().modules);
  if (!program.ok()) {
    return;
  }
  const auto server = DatabaseServer::OrSkip(DatabaseServer::StartRedis());
  if (server == nullptr) {
    return;
  }
  ChildProcess::Environment environment = kWithRedisText;
  environment.insert({"NODESPAN_TEST_REDIS", server->dsn()});
  ExpectTruth(program, {.program_arguments = {"--scenario", GetParam().scenario},
                        .program_environment = environment,
                        .daemon_environment = kWithRedisText});
}

std::vector<RedisCase> EveryRedisCase() {
  std::vector<RedisCase> cases;
  for (const char* scenario : {"commands", "pipelines", "watch", "failures", "storm", "ring", "cluster"}) {
    for (const char* modules : {"default", "older", "oldest"}) {
      cases.push_back({scenario, modules});
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Cases, RedisTest, ::testing::ValuesIn(EveryRedisCase()),
                         [](const auto& info) { return std::string(info.param.scenario) + "_" + info.param.modules; });

}  // namespace
}  // namespace nodespan::e2e
