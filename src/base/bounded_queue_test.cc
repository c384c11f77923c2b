// SPDX-License-Identifier: Apache-2.0
#include "base/bounded_queue.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(BoundedQueueTest, DropsTheOldestWhenFullAndSaysHowMany) {
  BoundedQueue<int> queue(3);
  EXPECT_EQ(queue.PushAll({1, 2}), 0u);
  EXPECT_EQ(queue.PushAll({3, 4, 5}), 2u);
  EXPECT_THAT(queue.PopBatch(1, 10, absl::ZeroDuration()), ElementsAre(3, 4, 5));
}

TEST(BoundedQueueTest, PopTakesAtMostTheBatchSizeInOrder) {
  BoundedQueue<int> queue(10);
  queue.PushAll({1, 2, 3});
  EXPECT_THAT(queue.PopBatch(1, 2, absl::ZeroDuration()), ElementsAre(1, 2));
  EXPECT_EQ(queue.size(), 1u);
}

TEST(BoundedQueueTest, PopReturnsWhatThereIsAfterTheTimeout) {
  BoundedQueue<int> queue(10);
  queue.PushAll({1});
  EXPECT_THAT(queue.PopBatch(5, 5, absl::Milliseconds(1)), ElementsAre(1));
}

TEST(BoundedQueueTest, CloseWakesAWaiterAndRefusesLaterValues) {
  BoundedQueue<int> queue(10);
  std::thread closer([&queue] { queue.Close(); });
  EXPECT_THAT(queue.PopBatch(1, 5, absl::InfiniteDuration()), IsEmpty());
  closer.join();
  EXPECT_EQ(queue.PushAll({1, 2}), 2u);
}

TEST(BoundedQueueTest, KickWakesAWaiterOnce) {
  BoundedQueue<int> queue(10);
  queue.Kick();
  queue.PushAll({7});
  EXPECT_THAT(queue.PopBatch(5, 5, absl::InfiniteDuration()), ElementsAre(7));
}

}  // namespace
}  // namespace nodespan::base
