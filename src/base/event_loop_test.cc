// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <thread>

#include "gtest/gtest.h"

namespace nodespan::base {
namespace {

TEST(EventLoopTest, RunsPostedTasksOfAnotherThreadInOrder) {
  auto loop = EventLoop::Create();
  ASSERT_TRUE(loop.ok()) << loop.status();
  std::vector<int> seen;
  std::thread poster([&] {
    (*loop)->PostTask([&] { seen.push_back(1); });
    (*loop)->PostTask([&] {
      seen.push_back(2);
      (*loop)->Stop();
    });
  });
  EXPECT_TRUE((*loop)->Run().ok());
  poster.join();
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST(EventLoopTest, TicksPeriodically) {
  auto loop = EventLoop::Create();
  ASSERT_TRUE(loop.ok());
  int ticks = 0;
  ASSERT_TRUE((*loop)
                  ->AddTimer(absl::Milliseconds(1),
                             [&] {
                               if (++ticks == 3) {
                                 (*loop)->Stop();
                               }
                             })
                  .ok());
  EXPECT_TRUE((*loop)->Run().ok());
  EXPECT_EQ(ticks, 3);
}

TEST(EventLoopTest, RunsDelayedTasksOnceInTheOrderOfTheirTimes) {
  auto loop = EventLoop::Create();
  ASSERT_TRUE(loop.ok());
  std::vector<int> seen;
  const auto after = [&](int milliseconds, EventLoop::Callback task) {
    ASSERT_TRUE((*loop)->RunAfter(absl::Milliseconds(milliseconds), std::move(task)).ok());
  };
  after(20, [&] { seen.push_back(20); });
  after(60, [&] {
    seen.push_back(60);
    (*loop)->Stop();
  });
  after(5, [&] {
    seen.push_back(5);
    after(0, [&] { seen.push_back(0); });
  });
  EXPECT_TRUE((*loop)->Run().ok());
  EXPECT_EQ(seen, (std::vector<int>{5, 0, 20, 60}));
}

TEST(EventLoopTest, ACallbackMayRemoveItsOwnDescriptor) {
  auto loop = EventLoop::Create();
  ASSERT_TRUE(loop.ok());
  UniqueFd fd(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
  int calls = 0;
  ASSERT_TRUE((*loop)
                  ->AddFd(fd.get(),
                          [&] {
                            ++calls;  // The eventfd stays readable: only the removal ends the calls.
                            (*loop)->RemoveFd(fd.get());
                            (*loop)->PostTask([&] { (*loop)->Stop(); });
                          })
                  .ok());
  EXPECT_TRUE((*loop)->Run().ok());
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace nodespan::base
