// SPDX-License-Identifier: Apache-2.0
#include "spans/kafka_error_name.h"

#include <limits>

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

// From every stretch of the table, so that no row can be missing.
TEST(KafkaErrorNameTest, NamesTheErrorsOfTheProtocol) {
  EXPECT_EQ(KafkaErrorName(-1), "UNKNOWN_SERVER_ERROR");
  EXPECT_EQ(KafkaErrorName(0), "NONE");
  EXPECT_EQ(KafkaErrorName(3), "UNKNOWN_TOPIC_OR_PARTITION");
  EXPECT_EQ(KafkaErrorName(10), "MESSAGE_TOO_LARGE");
  EXPECT_EQ(KafkaErrorName(29), "TOPIC_AUTHORIZATION_FAILED");
  EXPECT_EQ(KafkaErrorName(56), "KAFKA_STORAGE_ERROR");
  EXPECT_EQ(KafkaErrorName(89), "THROTTLING_QUOTA_EXCEEDED");
  EXPECT_EQ(KafkaErrorName(113), "STALE_MEMBER_EPOCH");
  EXPECT_EQ(KafkaErrorName(129), "REBOOTSTRAP_REQUIRED");
}

TEST(KafkaErrorNameTest, WritesCodesWithoutANameAsNumbers) {
  EXPECT_EQ(KafkaErrorName(130), "130");
  EXPECT_EQ(KafkaErrorName(-2), "-2");
  EXPECT_EQ(KafkaErrorName(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
}

}  // namespace
}  // namespace nodespan::spans
