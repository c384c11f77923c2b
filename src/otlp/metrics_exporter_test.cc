// SPDX-License-Identifier: Apache-2.0
#include "otlp/metrics_exporter.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::otlp {
namespace {

using metrics::Counter;
using ::testing::ElementsAre;

// Answers at once what it is told to, or not until it is cancelled.
class ScriptedClient final : public OtlpClient {
 public:
  struct Script {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> bodies;  // of what was sent
    std::deque<CallResult> answers;   // then OK
    bool hangs = false;

    void WaitForBodies(size_t count) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return bodies.size() >= count; });
    }
  };

  explicit ScriptedClient(Script* script) : script_(script) {}

  const std::string& endpoint() const override { return endpoint_; }

  void Start(uint64_t id, std::shared_ptr<const WireBuffer> body, absl::Time /*deadline*/) override {
    const std::lock_guard lock(script_->mutex);
    script_->bodies.emplace_back(body->view());
    CallResult result;
    if (!script_->answers.empty()) {
      result = script_->answers.front();
      script_->answers.pop_front();
    }
    running_.push_back({id, result});
    script_->changed.notify_all();
  }

  std::optional<EndedCall> Wait(absl::Time until) override {
    std::unique_lock lock(script_->mutex);
    const auto can_go_on = [this] { return is_woken_ || is_cancelled_ || (!running_.empty() && !script_->hangs); };
    if (until == absl::InfiniteFuture()) {
      script_->changed.wait(lock, can_go_on);
    } else {
      script_->changed.wait_until(lock, absl::ToChronoTime(until), can_go_on);
    }
    is_woken_ = false;
    if (running_.empty() || (script_->hangs && !is_cancelled_)) {
      return std::nullopt;
    }
    EndedCall ended = running_.front();
    running_.pop_front();
    if (is_cancelled_) {
      ended.result.status = absl::CancelledError("shutting down");
    }
    return ended;
  }

  void Wake() override {
    const std::lock_guard lock(script_->mutex);
    is_woken_ = true;
    script_->changed.notify_all();
  }

  void Cancel() override {
    const std::lock_guard lock(script_->mutex);
    is_cancelled_ = true;
    script_->changed.notify_all();
  }

 private:
  const std::string endpoint_ = "scripted";
  Script* const script_;
  std::deque<EndedCall> running_;
  bool is_woken_ = false;
  bool is_cancelled_ = false;
};

class MetricsExporterTest : public ::testing::Test {
 protected:
  std::unique_ptr<MetricsExporter> Make(absl::Duration interval, size_t requests = 1) {
    MetricsExporterOptions options;
    options.interval = interval;
    options.on_status = [this](const absl::Status& status) { statuses_.push_back(status.code()); };
    return std::make_unique<MetricsExporter>(
        options, std::make_unique<ScriptedClient>(&script_),
        [this, requests] {
          std::vector<WireBuffer> bodies;
          for (size_t i = 0; i < requests; ++i) {
            bodies.push_back({std::make_unique<uint8_t[]>(1), 1});
            bodies.back().data[0] = static_cast<uint8_t>('a' + collected_++);
          }
          return bodies;
        },
        &counters_);
  }

  ScriptedClient::Script script_;
  metrics::Counters counters_;
  std::vector<absl::StatusCode> statuses_;
  int collected_ = 0;
};

TEST_F(MetricsExporterTest, ExportsAtItsPaceAndOnceMoreAtTheEnd) {
  const auto exporter = Make(absl::Milliseconds(5));
  script_.WaitForBodies(3);
  exporter->Shutdown(absl::Now() + absl::Seconds(30));
  EXPECT_GE(script_.bodies.size(), 4U);
  EXPECT_EQ(script_.bodies[0] + script_.bodies[1] + script_.bodies[2], "abc");
  EXPECT_EQ(counters_.Get(Counter::kMetricExports), script_.bodies.size());
  EXPECT_EQ(counters_.Get(Counter::kMetricExportsFailed), 0U);
  EXPECT_TRUE(statuses_.empty());
}

TEST_F(MetricsExporterTest, TheLastExportHasAllItsRequests) {
  const auto exporter = Make(absl::Hours(1), 3);
  exporter->Shutdown(absl::Now() + absl::Seconds(30));
  EXPECT_THAT(script_.bodies, ElementsAre("a", "b", "c"));
}

TEST_F(MetricsExporterTest, AFailureIsToldCountedAndNotTriedAgain) {
  CallResult away;
  away.status = absl::UnavailableError("nobody");
  away.failure = Failure::kAway;
  CallResult in_part;
  in_part.rejected_count = 2;
  script_.answers = {away, in_part};
  const auto exporter = Make(absl::Hours(1), 4);
  exporter->Shutdown(absl::Now() + absl::Seconds(30));
  EXPECT_THAT(script_.bodies, ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(statuses_,
              ElementsAre(absl::StatusCode::kUnavailable, absl::StatusCode::kInvalidArgument, absl::StatusCode::kOk));
  EXPECT_EQ(counters_.Get(Counter::kMetricExports), 4U);
  EXPECT_EQ(counters_.Get(Counter::kMetricExportsFailed), 2U);
}

TEST_F(MetricsExporterTest, ACollectorThatDoesNotAnswerDoesNotHoldTheEndUp) {
  script_.hangs = true;
  const auto exporter = Make(absl::Milliseconds(1));
  script_.WaitForBodies(1);
  exporter->Shutdown(absl::Now() + absl::Milliseconds(50));
  EXPECT_EQ(counters_.Get(Counter::kMetricExportsFailed), counters_.Get(Counter::kMetricExports));
}

TEST_F(MetricsExporterTest, DestructionDoesNotExport) {
  Make(absl::Hours(1)).reset();
  EXPECT_TRUE(script_.bodies.empty());
}

}  // namespace
}  // namespace nodespan::otlp
