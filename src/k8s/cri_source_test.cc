// SPDX-License-Identifier: Apache-2.0
// The source of the container runtime against a runtime inside the test.
#include "k8s/cri_source_test.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "k8s/cri_socket.h"
#include "k8s/test_container_id.h"

namespace nodespan::k8s {
namespace {

using nodespan::testing::CriServer;
using testing::ContainerOf;
using ::testing::ElementsAre;
using testing::FindPod;
using testing::kContainerId;
using ::testing::Pair;
using testing::Sandbox;

using CriSourceTest = testing::CriSourceFixture;

TEST_F(CriSourceTest, JoinsContainersWithTheirPods) {
  StartServer();
  server_->Put(Sandbox("a"));
  server_->Put(ContainerOf("a", kContainerId));
  StartSource();
  ASSERT_TRUE(WaitForPod("a"));
  EXPECT_TRUE(source_->is_synced());
  EXPECT_EQ(source_->name(), "cri");
  const ContainerRef ref = source_->snapshot()->Find({kContainerId, ""});
  ASSERT_NE(ref.container, nullptr);
  EXPECT_EQ(ref.pod->name, "pod-a");
  EXPECT_EQ(ref.pod->namespace_name, "default");
  EXPECT_EQ(ref.pod->start_time, absl::FromUnixSeconds(1'700'000'000));
  EXPECT_FALSE(ref.pod->has_owners);
  EXPECT_THAT(ref.pod->labels, ElementsAre(Pair("nodespan.io/trace", "enabled")));
  EXPECT_THAT(ref.pod->annotations, ElementsAre(Pair("resource.opentelemetry.io/team", "cart")));
  EXPECT_EQ(*ref.container, (Container{.name = "app",
                                       .id = kContainerId,
                                       .runtime = "fakeruntime",
                                       .image = "registry/shop:1.2",
                                       .image_id = "sha256:beef",
                                       .kind = ContainerKind::kInit,
                                       .restart_count = 2}));
}

TEST_F(CriSourceTest, FollowsWhatComesAndGoes) {
  StartServer();
  StartSource();
  server_->Put(Sandbox("a"));
  ASSERT_TRUE(WaitForPod("a"));
  runtime::v1::PodSandbox ended = Sandbox("a");
  ended.set_state(runtime::v1::SANDBOX_NOTREADY);
  server_->Put(ended);
  server_->Put(Sandbox("b"));
  ASSERT_TRUE(WaitForPod("b"));
  EXPECT_TRUE(WaitForPod("a", false));
}

TEST_F(CriSourceTest, LooksAgainSoonWhenAskedTo) {
  StartServer();
  StartSource({.poll_period = absl::Minutes(10)});
  ASSERT_TRUE(watcher_.WaitUntil(*source_, [&](const PodSnapshot&) { return source_->is_synced(); }));
  server_->Put(Sandbox("a"));
  source_->RequestRefresh();
  EXPECT_TRUE(WaitForPod("a"));
}

TEST_F(CriSourceTest, ARuntimeThatIsNotThereYetOrRestartsIsFoundAgain) {
  StartSource();
  StartServer();
  server_->Put(Sandbox("a"));
  ASSERT_TRUE(WaitForPod("a"));
  server_->Stop();
  server_->RemoveAll();
  server_->Put(Sandbox("b"));
  while (counters_.Get(metrics::Counter::kPodSourceErrors) < 2) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  // What was known stays known meanwhile.
  EXPECT_NE(FindPod(*source_->snapshot(), "a"), nullptr);
  EXPECT_TRUE(source_->is_synced());
  ASSERT_TRUE(server_->Restart());
  EXPECT_TRUE(WaitForPod("b"));
  EXPECT_TRUE(WaitForPod("a", false));
}

TEST_F(CriSourceTest, ErrorsAndSlowAnswersLeaveThePodsAsTheyWere) {
  StartServer();
  server_->Put(Sandbox("a"));
  StartSource();
  ASSERT_TRUE(WaitForPod("a"));
  const auto wait_for_errors = [&](uint64_t count) {
    while (counters_.Get(metrics::Counter::kPodSourceErrors) < count) {
      absl::SleepFor(absl::Milliseconds(10));
    }
  };
  server_->FailWith(13);
  wait_for_errors(1);
  server_->FailWith(0);
  server_->SetDelay(std::chrono::milliseconds(1500));
  wait_for_errors(counters_.Get(metrics::Counter::kPodSourceErrors) + 1);
  EXPECT_NE(FindPod(*source_->snapshot(), "a"), nullptr);
  server_->SetDelay(std::chrono::milliseconds(0));
  server_->Put(Sandbox("b"));
  EXPECT_TRUE(WaitForPod("b"));
}

TEST_F(CriSourceTest, PodsWithoutAUsableNameAreLeftOutAndCounted) {
  StartServer();
  runtime::v1::PodSandbox bad = Sandbox("bad");
  bad.mutable_metadata()->set_name("x\nfake log line");
  server_->Put(bad);
  server_->Put(Sandbox("a"));
  server_->Put(ContainerOf("bad", kContainerId));
  StartSource();
  ASSERT_TRUE(WaitForPod("a"));
  EXPECT_EQ(source_->snapshot()->pods().size(), 1U);
  EXPECT_GE(counters_.Get(metrics::Counter::kPodsMalformed), 1U);
}

TEST_F(CriSourceTest, EndsAtOnceWhileACallIsInFlight) {
  StartServer();
  server_->SetDelay(std::chrono::milliseconds(900));
  StartSource();
  absl::SleepFor(absl::Milliseconds(100));
  const absl::Time start = absl::Now();
  source_.reset();
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(700));
}

TEST(CriSocketTest, OnlyASocketThatAnswersCounts) {
  const std::string path = fmt::format("{}/probe-{}.sock", ::testing::TempDir(), ::getpid());
  const std::string_view candidates[] = {"/nonexistent/x.sock", path};
  EXPECT_EQ(FindCriSocket(candidates), std::nullopt);
  const auto server = CriServer::Start(path);
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(FindCriSocket(candidates), path);
}

}  // namespace
}  // namespace nodespan::k8s
