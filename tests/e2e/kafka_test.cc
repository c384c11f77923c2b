// SPDX-License-Identifier: Apache-2.0
// Spans of segmentio/kafka-go against the truth (tests/goprograms/kafkaclient), with a broker in the same process and
// with Apache Kafka.
#include "base/errors.h"
#include "tests/e2e/harness/kafka_broker.h"
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

struct Case {
  const char* scenario;
  const char* modules;
};

class KafkaTest : public E2eTest, public ::testing::WithParamInterface<Case> {};

// Links that did not fit, of all spans.
uint64_t DroppedLinks(const TruthRun& run) {
  uint64_t dropped = 0;
  for (const auto& span : run.spans) {
    dropped += span.dropped_links_count();
  }
  return dropped;
}

TEST_P(KafkaTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip("path", "default", "kafkaclient", GetParam().modules);
  if (program.ok()) {
    const TruthRun run = ExpectTruth(program, {.program_arguments = {"--scenario", GetParam().scenario}});
    // One call of `produce` has thirty messages with contexts, of which a record keeps 24.
    EXPECT_EQ(DroppedLinks(run), std::string_view(GetParam().scenario) == "produce" ? 6U : 0U);
  }
}

std::vector<Case> EveryCase() {
  std::vector<Case> cases;
  for (const char* scenario : {"produce", "failure", "handler", "consume", "group"}) {
    cases.push_back({scenario, "default"});
    cases.push_back({scenario, "older"});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Cases, KafkaTest, ::testing::ValuesIn(EveryCase()),
                         [](const auto& info) { return std::string(info.param.scenario) + "_" + info.param.modules; });

class KafkaBrokerTest : public E2eTest {};

TEST_F(KafkaBrokerTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip("path", "default", "kafkaclient", "default");
  if (!program.ok()) {
    return;
  }
  const absl::StatusOr<std::unique_ptr<KafkaBroker>> broker = KafkaBroker::Start();
  if (broker.status().code() == absl::StatusCode::kNotFound) {
    GTEST_SKIP() << base::Message(broker.status());
  }
  ASSERT_TRUE(broker.ok()) << base::Message(broker.status());
  const TruthRun run =
      ExpectTruth(program, {.program_arguments = {"--scenario", "failure,produce,handler,consume,group"},
                            .program_environment = {{"NODESPAN_TEST_KAFKA", (*broker)->address()}}});
  EXPECT_EQ(DroppedLinks(run), 6U);
}

}  // namespace
}  // namespace nodespan::e2e
