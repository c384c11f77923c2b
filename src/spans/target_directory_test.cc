// SPDX-License-Identifier: Apache-2.0
#include "spans/target_directory.h"

#include <atomic>
#include <thread>

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

class StoppedClock final : public base::Clock {
 public:
  int64_t MonotonicNs() const override { return mono_ns; }
  int64_t WallNs() const override { return 0; }
  int64_t mono_ns = 5;
};

TargetInfo Named(std::string name) {
  auto resource = std::make_shared<model::Resource>();
  resource->attributes.push_back({"service.name", std::move(name)});
  return {std::move(resource), {}};
}

std::string NameOf(const TargetInfo* info) {
  return info == nullptr ? "" : std::get<std::string>(info->resource->attributes.at(0).value);
}

TEST(TargetDirectoryTest, GenerationsOfOneSlotAreDifferentTargets) {
  const StoppedClock clock;
  TargetDirectory directory(&clock);
  directory.Add({1, 1}, Named("first"));
  directory.Add({1, 2}, Named("second"));
  const TargetDirectory::SnapshotPtr now = directory.Current();
  EXPECT_EQ(NameOf(now->Find({1, 1})), "first");
  EXPECT_EQ(NameOf(now->Find({1, 2})), "second");
  EXPECT_EQ(now->Find({1, 3}), nullptr);
  EXPECT_EQ(now->Find({2, 1}), nullptr);
}

TEST(TargetDirectoryTest, AReleasedTargetIsKnownForTheGraceTimeAndThenForgotten) {
  StoppedClock clock;
  TargetDirectory directory(&clock, /*grace_ns=*/100);
  directory.Add({1, 1}, Named("a"));
  directory.Release({1, 1});
  clock.mono_ns += 99;
  directory.Expire();
  EXPECT_NE(directory.Current()->Find({1, 1}), nullptr);
  clock.mono_ns += 1;
  directory.Expire();
  EXPECT_EQ(directory.Current()->Find({1, 1}), nullptr);
  EXPECT_EQ(directory.size(), 0u);
}

TEST(TargetDirectoryTest, ReleasingTwiceDoesNotProlongTheGraceTime) {
  StoppedClock clock;
  TargetDirectory directory(&clock, 100);
  directory.Add({1, 1}, Named("a"));
  directory.Release({1, 1});
  clock.mono_ns += 60;
  directory.Release({1, 1});
  clock.mono_ns += 60;
  directory.Expire();
  EXPECT_EQ(directory.size(), 0u);
}

TEST(TargetDirectoryTest, ChurnWithoutExpireEmptiesItself) {
  StoppedClock clock;
  TargetDirectory directory(&clock, 100);
  for (uint32_t generation = 1; generation <= 1000; ++generation) {
    directory.Add({1, generation}, Named("a"));
    directory.Release({1, generation});
    clock.mono_ns += 10;
    EXPECT_LE(directory.size(), 11u);
  }
}

TEST(TargetDirectoryTest, AddReplacesAndRevives) {
  StoppedClock clock;
  TargetDirectory directory(&clock, 100);
  directory.Add({1, 1}, Named("poor"));
  directory.Release({1, 1});
  directory.Add({1, 1}, Named("rich"));
  clock.mono_ns += 1000;
  directory.Expire();
  EXPECT_EQ(NameOf(directory.Current()->Find({1, 1})), "rich");
}

TEST(TargetDirectoryTest, SnapshotKeepsItsState) {
  StoppedClock clock;
  TargetDirectory directory(&clock, 0);
  directory.Add({1, 1}, Named("a"));
  const TargetDirectory::SnapshotPtr before = directory.Current();
  directory.Release({1, 1});
  directory.Expire();
  EXPECT_EQ(NameOf(before->Find({1, 1})), "a");
  EXPECT_EQ(directory.Current()->Find({1, 1}), nullptr);
}

TEST(TargetDirectoryTest, ReaderSeesWholeStatesWhileControlChangesThem) {
  TargetDirectory directory(&base::Clock::Real(), 0);
  directory.Add({0, 1}, Named("always"));
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done.load(std::memory_order_relaxed)) {
      EXPECT_EQ(NameOf(directory.Current()->Find({0, 1})), "always");
    }
  });
  for (uint32_t i = 0; i < 2000; ++i) {
    directory.Add({1, i}, Named("other"));
    directory.Release({1, i});
  }
  done.store(true, std::memory_order_relaxed);
  reader.join();
}

}  // namespace
}  // namespace nodespan::spans
