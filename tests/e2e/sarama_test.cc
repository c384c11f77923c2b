// SPDX-License-Identifier: Apache-2.0
// Spans of IBM/sarama against the truth (tests/goprograms/saramaclient), with a broker in the same process and with
// Apache Kafka.
#include <algorithm>

#include "base/errors.h"
#include "tests/e2e/harness/kafka_broker.h"
#include "tests/e2e/harness/truth_run.h"

namespace nodespan::e2e {
namespace {

struct SaramaCase {
  const char* scenario;
  const char* modules;
};

// One call of `produce` has thirty messages with contexts, of which a record keeps 24; as one of `consume` has, whose
// messages are received as well.
uint64_t DroppedLinksIn(std::string_view scenario) {
  constexpr uint64_t kDropped = 30 - 24;
  if (scenario == "produce") {
    return kDropped;
  }
  return scenario == "consume" ? 2 * kDropped : 0;
}

uint64_t DroppedLinksOfSarama(const TruthRun& run) {
  uint64_t dropped = 0;
  for (const auto& span : run.spans) {
    dropped += span.dropped_links_count();
  }
  return dropped;
}

class SaramaTest : public E2eTest, public ::testing::WithParamInterface<SaramaCase> {};

TEST_P(SaramaTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip("path", "default", "saramaclient", GetParam().modules);
  if (program.ok()) {
    const std::string_view scenario = GetParam().scenario;
    const TruthRun run = ExpectTruth(program, {.program_arguments = {"--scenario", std::string(scenario)}});
    EXPECT_EQ(DroppedLinksOfSarama(run), DroppedLinksIn(scenario));
  }
}

// Modules: the newest release, the first one under its new path, the last one under the old.
std::vector<SaramaCase> EverySaramaCase() {
  std::vector<SaramaCase> cases;
  for (const char* modules : {"default", "older", "oldest"}) {
    for (const char* scenario : {"produce", "failure", "handler", "storm", "consume"}) {
      cases.push_back({scenario, modules});
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Cases, SaramaTest, ::testing::ValuesIn(EverySaramaCase()),
                         [](const auto& info) { return std::string(info.param.scenario) + "_" + info.param.modules; });

// Not with the older modules: that is a program without an AsyncProducer of its own.
class SaramaAsyncTest : public E2eTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(SaramaAsyncTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip("path", "default", "saramaclient", GetParam());
  if (!program.ok()) {
    return;
  }
  const TruthRun run = ExpectTruth(program, {.program_arguments = {"--scenario", "async"}});
  EXPECT_EQ(DroppedLinksOfSarama(run), 0U);
  // Only messages that no request was made for have no duration.
  const auto instants = std::count_if(run.spans.begin(), run.spans.end(), [](const auto& span) {
    return span.start_time_unix_nano() == span.end_time_unix_nano();
  });
  const auto refused = std::count_if(run.truth.spans.begin(), run.truth.spans.end(), [](const SpanTruth& truth) {
    return truth.facts.contains("refused") && truth.facts.at("refused") == "true";
  });
  EXPECT_GT(refused, 0);
  EXPECT_EQ(instants, refused);
}

INSTANTIATE_TEST_SUITE_P(Modules, SaramaAsyncTest, ::testing::Values("default", "oldest"),
                         [](const auto& info) { return std::string(info.param); });

class SaramaBrokerTest : public E2eTest {};

TEST_F(SaramaBrokerTest, SpansAreTheTruth) {
  const Program program = BuildOrSkip("path", "default", "saramaclient", "default");
  if (!program.ok()) {
    return;
  }
  const absl::StatusOr<std::unique_ptr<KafkaBroker>> broker = KafkaBroker::Start();
  if (broker.status().code() == absl::StatusCode::kNotFound) {
    GTEST_SKIP() << base::Message(broker.status());
  }
  ASSERT_TRUE(broker.ok()) << base::Message(broker.status());
  const TruthRun run =
      ExpectTruth(program, {.program_arguments = {"--scenario", "failure,produce,handler,storm,async,consume"},
                            .program_environment = {{"NODESPAN_TEST_KAFKA", (*broker)->address()}}});
  EXPECT_EQ(DroppedLinksOfSarama(run), DroppedLinksIn("produce") + DroppedLinksIn("consume"));
}

}  // namespace
}  // namespace nodespan::e2e
