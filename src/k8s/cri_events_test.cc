// SPDX-License-Identifier: Apache-2.0
// Events of the container runtime as the source has them, beside polls and instead of waiting for one.
#include "k8s/cri_events.h"

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "k8s/cri_source_test.h"
#include "k8s/test_container_id.h"

namespace nodespan::k8s {
namespace {

using metrics::Counter;
using nodespan::testing::CriServer;
using testing::ContainerOf;
using testing::kContainerId;
using testing::Sandbox;

class CriEventsTest : public testing::CriSourceFixture {
 protected:
  // Without polls, unless a test wants some.
  void StartListening(absl::Duration poll_period = absl::Minutes(10)) {
    StartSource({.poll_period = poll_period,
                 .listens_to_events = true,
                 .events = {.socket_path = {},
                            .backoff = {.initial = absl::Milliseconds(20), .max = absl::Milliseconds(100)},
                            .max_refused_wait = max_refused_wait_}});
    ASSERT_TRUE(watcher_.WaitUntil(*source_, [&](const PodSnapshot&) { return source_->is_synced(); }));
  }
  template <typename Condition>
  static bool Wait(Condition condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    return condition();
  }
  bool WaitForStream() {
    return Wait([this] { return server_->event_stream_count() == 1; });
  }
  bool WaitForEvents(uint64_t count) {
    return Wait([&] { return counters_.Get(Counter::kContainerEvents) >= count; });
  }

  absl::Duration max_refused_wait_ = absl::Milliseconds(100);
};

TEST_F(CriEventsTest, AContainerIsKnownWhenItStartsAndNobodyLooksForOtherEvents) {
  StartServer();
  server_->SetEvents(CriServer::Events::kServed);
  StartListening();
  ASSERT_TRUE(WaitForStream());
  const size_t lists = server_->list_count();
  server_->SendEvent(runtime::v1::CONTAINER_CREATED_EVENT);
  server_->SendEvent(runtime::v1::CONTAINER_STOPPED_EVENT);
  server_->SendEvent(runtime::v1::CONTAINER_DELETED_EVENT);
  ASSERT_TRUE(WaitForEvents(3));
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(server_->list_count(), lists);
  server_->Put(Sandbox("a"));
  server_->Put(ContainerOf("a", kContainerId));
  const absl::Time start = absl::Now();
  server_->SendEvent(runtime::v1::CONTAINER_STARTED_EVENT);
  ASSERT_TRUE(WaitForPod("a"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(1));
  EXPECT_NE(source_->snapshot()->Find({kContainerId, ""}).container, nullptr);
  EXPECT_EQ(server_->list_count(), lists + 1);
  EXPECT_EQ(counters_.Get(Counter::kContainerEventErrors), 0U);
}

TEST_F(CriEventsTest, ManyEventsCostFewLists) {
  StartServer();
  server_->SetEvents(CriServer::Events::kServed);
  StartListening();
  ASSERT_TRUE(WaitForStream());
  const absl::Time start = absl::Now();
  const size_t lists = server_->list_count();
  constexpr size_t kMany = 1000;
  for (size_t i = 0; i < kMany; ++i) {
    server_->SendEvent(runtime::v1::CONTAINER_STARTED_EVENT);
  }
  ASSERT_TRUE(WaitForEvents(kMany));
  absl::SleepFor(absl::Milliseconds(50));  // for the last list
  const auto periods = static_cast<size_t>((absl::Now() - start) / absl::Milliseconds(20));
  EXPECT_LE(server_->list_count() - lists, periods + 2);
  EXPECT_LT(server_->list_count() - lists, kMany / 2);
}

TEST_F(CriEventsTest, ARuntimeWithoutEventsIsPolledAndAskedAgain) {
  StartServer();
  StartListening(absl::Milliseconds(100));
  server_->Put(Sandbox("a"));
  ASSERT_TRUE(WaitForPod("a"));
  ASSERT_TRUE(Wait([this] { return server_->event_call_count() >= 3; }));
  EXPECT_GE(counters_.Get(Counter::kContainerEventErrors), 2U);
  EXPECT_EQ(counters_.Get(Counter::kPodSourceErrors), 0U);
  server_->SetEvents(CriServer::Events::kServed);
  ASSERT_TRUE(WaitForStream());
  server_->SendEvent(runtime::v1::CONTAINER_STARTED_EVENT);
  EXPECT_TRUE(WaitForEvents(1));
}

TEST_F(CriEventsTest, WaitsGrowWhileTheRuntimeHasNoEvents) {
  max_refused_wait_ = absl::Minutes(5);
  for (const auto kind : {CriServer::Events::kUnimplemented, CriServer::Events::kEndAtOnce}) {
    StartServer();
    server_->SetEvents(kind);
    // Waits begin with 10 to 20 ms and double, so the eighth call comes after 1,270 ms at least. If they only grew to
    // 100 ms, as when a stream breaks, it would come after 560 ms at most.
    const absl::Time start = absl::Now();
    StartListening();
    ASSERT_TRUE(Wait([this] { return server_->event_call_count() >= 8; }));
    EXPECT_GE(absl::Now() - start, absl::Milliseconds(1200));
    // Nobody waits for it to be over.
    const absl::Time end = absl::Now();
    source_.reset();
    EXPECT_LT(absl::Now() - end, absl::Milliseconds(500));
    server_.reset();
  }
}

TEST_F(CriEventsTest, ABrokenStreamIsTakenUpAgain) {
  StartServer();
  server_->SetEvents(CriServer::Events::kServed);
  StartListening();
  ASSERT_TRUE(WaitForStream());
  server_->BreakEvents();
  ASSERT_TRUE(Wait([this] { return server_->event_call_count() == 2; }));
  ASSERT_TRUE(WaitForStream());
  EXPECT_EQ(counters_.Get(Counter::kContainerEventErrors), 1U);
  server_->Put(Sandbox("a"));
  server_->SendEvent(runtime::v1::CONTAINER_STARTED_EVENT);
  EXPECT_TRUE(WaitForPod("a"));
}

TEST_F(CriEventsTest, ARuntimeThatRestartsIsHeardAgain) {
  StartServer();
  server_->SetEvents(CriServer::Events::kServed);
  StartListening();
  ASSERT_TRUE(WaitForStream());
  server_->Stop();
  ASSERT_TRUE(Wait([this] { return counters_.Get(Counter::kContainerEventErrors) >= 2; }));
  ASSERT_TRUE(server_->Restart());
  ASSERT_TRUE(WaitForStream());
  server_->Put(Sandbox("a"));
  server_->SendEvent(runtime::v1::CONTAINER_STARTED_EVENT);
  EXPECT_TRUE(WaitForPod("a"));
}

TEST_F(CriEventsTest, EndsAtOnceWhileItListens) {
  StartServer();
  server_->SetEvents(CriServer::Events::kServed);
  StartListening();
  ASSERT_TRUE(WaitForStream());
  const absl::Time start = absl::Now();
  source_.reset();
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(500));
  EXPECT_TRUE(Wait([this] { return server_->event_stream_count() == 0; }));
}

}  // namespace
}  // namespace nodespan::k8s
