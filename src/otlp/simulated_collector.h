// SPDX-License-Identifier: Apache-2.0
// For tests: a collector behind an OtlpClient, in time that passes only while somebody waits for it. Hours take
// milliseconds, and the same test always does the same.
//
// Thread: one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "otlp/otlp_client.h"

namespace nodespan::otlp::testing {

class SimulatedClock final : public base::Clock {
 public:
  int64_t MonotonicNs() const override { return now_ns_; }
  int64_t WallNs() const override { return now_ns_; }

  absl::Time now() const { return absl::FromUnixNanos(now_ns_); }
  // Or to the nanosecond after it: absl's times are finer, and whoever waits for one must find that it has come.
  void AdvanceTo(absl::Time time) {
    const int64_t floor_ns = absl::ToUnixNanos(time);
    now_ns_ = std::max(now_ns_, absl::FromUnixNanos(floor_ns) < time ? floor_ns + 1 : floor_ns);
  }

 private:
  int64_t now_ns_ = 1'000'000'000'000'000;
};

inline CallResult Error(absl::StatusCode code, Failure failure, std::optional<absl::Duration> retry_delay = {}) {
  CallResult result;
  result.status = absl::Status(code, "simulated");
  result.failure = failure;
  result.retry_delay = retry_delay;
  return result;
}
inline CallResult Away() { return Error(absl::StatusCode::kUnavailable, Failure::kAway); }

class SimulatedCollector final : public OtlpClient {
 public:
  struct Answer {
    absl::Duration after;
    CallResult result;
  };
  // Says what a request that begins at `start` comes to. Longer than its deadline: kDeadlineExceeded at that.
  using Behaviour = std::function<Answer(absl::Time start)>;

  SimulatedCollector(SimulatedClock* clock, Behaviour behaviour) : clock_(clock), behaviour_(std::move(behaviour)) {}

  const std::string& endpoint() const override { return endpoint_; }

  void Start(uint64_t id, std::shared_ptr<const WireBuffer>, absl::Time deadline) override {
    ++started_;
    Answer answer = is_cancelled_ ? Cancelled() : behaviour_(clock_->now());
    absl::Time end = clock_->now() + answer.after;
    if (end > deadline) {
      end = std::max(deadline, clock_->now());
      answer.result = Error(absl::StatusCode::kDeadlineExceeded, Failure::kRetryable);
    }
    running_.emplace(end, EndedCall{id, answer.result});
    most_at_a_time_ = std::max(most_at_a_time_, running_.size());
  }

  // Waiting for nothing at all would be for ever: the test ends.
  std::optional<EndedCall> Wait(absl::Time until) override {
    if (std::exchange(is_woken_, false)) {
      return std::nullopt;
    }
    if (running_.empty() || running_.begin()->first > until) {
      if (until == absl::InfiniteFuture()) {
        std::abort();
      }
      clock_->AdvanceTo(until);
      return std::nullopt;
    }
    clock_->AdvanceTo(running_.begin()->first);
    return std::move(running_.extract(running_.begin()).mapped());
  }

  void Wake() override { is_woken_ = true; }

  void Cancel() override {
    is_cancelled_ = true;
    decltype(running_) cancelled;
    for (auto& [end, call] : running_) {
      cancelled.emplace(clock_->now(), EndedCall{call.id, Cancelled().result});
    }
    running_ = std::move(cancelled);
  }

  size_t started() const { return started_; }
  size_t most_at_a_time() const { return most_at_a_time_; }

 private:
  static Answer Cancelled() { return {absl::ZeroDuration(), Error(absl::StatusCode::kCancelled, Failure::kRetryable)}; }

  const std::string endpoint_ = "simulated";
  SimulatedClock* clock_;
  Behaviour behaviour_;
  std::multimap<absl::Time, EndedCall> running_;  // by when they end
  size_t started_ = 0;
  size_t most_at_a_time_ = 0;
  bool is_cancelled_ = false;
  bool is_woken_ = false;
};

}  // namespace nodespan::otlp::testing
