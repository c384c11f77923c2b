// SPDX-License-Identifier: Apache-2.0
#include "otlp/retry.h"

#include "gtest/gtest.h"

namespace nodespan::otlp {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'000'000);
constexpr absl::Duration kSecond = absl::Seconds(1);

std::function<double()> Always(double value) {
  return [value] { return value; };
}

// Random value that makes the jitter factor exactly 1.
Backoff NoJitter(absl::Time deadline) { return Backoff(RetryOptions(), kStart, deadline, Always(0.5)); }

TEST(RetryTest, RetriesExactlyTheCodesOfTheSpecification) {
  for (int code = 0; code <= 16; ++code) {
    const bool expected = code == 1 || code == 4 || code == 10 || code == 11 || code == 14 || code == 15;
    EXPECT_EQ(IsRetryable(static_cast<absl::StatusCode>(code), std::nullopt), expected) << code;
    EXPECT_EQ(IsRetryable(static_cast<absl::StatusCode>(code), kSecond), expected || code == 8) << code;
  }
}

TEST(BackoffTest, GrowsByTheFactorUpToTheLongestInterval) {
  RetryOptions options;
  options.max_elapsed = absl::InfiniteDuration();
  Backoff backoff(options, kStart, absl::InfiniteFuture(), Always(0.5));
  for (const double seconds : {5.0, 7.5, 11.25, 16.875, 25.3125, 30.0, 30.0}) {
    EXPECT_EQ(*backoff.Next(kStart, std::nullopt), absl::Seconds(seconds));
  }
}

TEST(BackoffTest, JitterSpansHalfToOneAndAHalf) {
  EXPECT_EQ(*Backoff(RetryOptions(), kStart, absl::InfiniteFuture(), Always(0)).Next(kStart, std::nullopt),
            absl::Seconds(2.5));
  EXPECT_EQ(*Backoff(RetryOptions(), kStart, absl::InfiniteFuture(), Always(1)).Next(kStart, std::nullopt),
            absl::Seconds(7.5));
}

TEST(BackoffTest, WaitsAtLeastAsLongAsTheServerAsksAndBacksOffFromThere) {
  Backoff backoff = NoJitter(absl::InfiniteFuture());
  EXPECT_EQ(*backoff.Next(kStart, 20 * kSecond), 20 * kSecond);
  EXPECT_EQ(*backoff.Next(kStart + 20 * kSecond, std::nullopt), 30 * kSecond);
}

TEST(BackoffTest, ShortRequestedDelayDoesNotShortenTheWait) {
  EXPECT_EQ(*NoJitter(absl::InfiniteFuture()).Next(kStart, kSecond), 5 * kSecond);
  EXPECT_EQ(*NoJitter(absl::InfiniteFuture()).Next(kStart, -kSecond), 5 * kSecond);
}

TEST(BackoffTest, GivesUpAfterTheLongestElapsedTime) {
  Backoff backoff = NoJitter(absl::InfiniteFuture());
  EXPECT_TRUE(backoff.Next(kStart + 59 * kSecond, std::nullopt));
  EXPECT_FALSE(backoff.Next(kStart + 60 * kSecond, std::nullopt));
}

TEST(BackoffTest, GivesUpWhenTheServerAsksForMoreThanThereIs) {
  EXPECT_FALSE(NoJitter(absl::InfiniteFuture()).Next(kStart, 61 * kSecond));
  EXPECT_FALSE(NoJitter(kStart + 10 * kSecond).Next(kStart, 10 * kSecond));
}

TEST(BackoffTest, LastWaitLeavesTimeForOneTryBeforeTheDeadlineAndNoMore) {
  Backoff backoff = NoJitter(kStart + 10 * kSecond);
  EXPECT_EQ(*backoff.Next(kStart + 6 * kSecond, std::nullopt), 3 * kSecond);
  EXPECT_FALSE(backoff.Next(kStart + 9 * kSecond, std::nullopt));
}

}  // namespace
}  // namespace nodespan::otlp
