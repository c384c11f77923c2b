// SPDX-License-Identifier: Apache-2.0
// The source of the API server against one inside the test, with everything that goes wrong with real ones.
#include "k8s/kubernetes_source_test.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::k8s {
namespace {

using metrics::Counter;
using nodespan::testing::ApiServerPod;
using Fault = nodespan::testing::ApiServer::Fault;
using ::testing::AllOf;
using testing::FindPod;
using ::testing::HasSubstr;
using testing::PodWith;

class KubernetesSourceTest : public testing::KubernetesSourceFixture {};

TEST_F(KubernetesSourceTest, ListsThePodsOfThisNodeAndFollowsThem) {
  server_->Put(PodWith("a"));
  ApiServerPod elsewhere = PodWith("elsewhere");
  elsewhere.node_name = "node-2";
  server_->Put(elsewhere);
  StartSource();
  ASSERT_TRUE(WaitFor("a", "enabled"));
  EXPECT_TRUE(source_->is_synced());
  EXPECT_EQ(source_->snapshot()->pods().size(), 1U);
  ASSERT_TRUE(WaitForWatch());
  EXPECT_THAT(server_->pod_requests().last_query,
              AllOf(HasSubstr("fieldSelector=spec.nodeName%3Dnode-1"), HasSubstr("watch=true"),
                    HasSubstr("allowWatchBookmarks=true"), HasSubstr("resourceVersion=1002")));
  const absl::Time start = absl::Now();
  server_->Put(PodWith("a", "disabled"));
  ASSERT_TRUE(WaitFor("a", "disabled"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(1));
  server_->Put(PodWith("b"));
  ASSERT_TRUE(WaitFor("b", "enabled"));
  server_->Delete("a");
  EXPECT_TRUE(WaitFor("a", "gone"));
  EXPECT_EQ(server_->pod_requests().lists, 1U);
}

TEST_F(KubernetesSourceTest, AWatchThatEndsOrBreaksGoesOnWhereItWas) {
  server_->Put(PodWith("a"));
  StartSource();
  ASSERT_TRUE(WaitForWatch());
  server_->EndWatches();
  server_->Put(PodWith("a", "one"));
  ASSERT_TRUE(WaitFor("a", "one"));
  server_->BreakWatches();
  server_->Put(PodWith("a", "two"));
  ASSERT_TRUE(WaitFor("a", "two"));
  EXPECT_EQ(server_->pod_requests().lists, 1U);
}

TEST_F(KubernetesSourceTest, ListsAgainWhenItsVersionIsGone) {
  server_->Put(PodWith("a"));
  server_->Put(PodWith("b"));
  StartSource();
  ASSERT_TRUE(WaitFor("b", "enabled"));
  ASSERT_TRUE(WaitForWatch());
  server_->SetFault(Fault::kWatchFails);
  server_->Compact();
  server_->Delete("a");
  server_->Put(PodWith("b", "changed"));
  server_->Compact();
  server_->SetFault(Fault::kNone);
  EXPECT_TRUE(WaitFor("b", "changed"));
  EXPECT_TRUE(WaitFor("a", "gone"));
  EXPECT_GE(server_->pod_requests().lists, 2U);
  EXPECT_GE(server_->pod_requests().stored_lists, 1U);
}

TEST_F(KubernetesSourceTest, BookmarksKeepTheVersionFresh) {
  StartSource();
  ASSERT_TRUE(WaitForWatch());
  server_->SendLine(R"({"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"1001"}}})");
  server_->EndWatches();
  for (int i = 0; i < 2000 && server_->pod_requests().watches < 2; ++i) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_THAT(server_->pod_requests().last_query, HasSubstr("resourceVersion=100"));
  EXPECT_EQ(counters_.Get(Counter::kPodsMalformed), 0U);
}

TEST_F(KubernetesSourceTest, AMalformedEventLosesOnlyItself) {
  StartSource();
  ASSERT_TRUE(WaitForWatch());
  server_->SendLine(R"({"type":"ADDED","object":{"metadata":{"name":)");
  server_->SendLine(std::string("\x01\xff\0garbage", 10));
  server_->Put(PodWith("a"));
  EXPECT_TRUE(WaitFor("a", "enabled"));
  EXPECT_EQ(counters_.Get(Counter::kPodsMalformed), 2U);
}

TEST_F(KubernetesSourceTest, AnErrorOfTheWatchListsAgain) {
  StartSource();
  ASSERT_TRUE(WaitForWatch());
  server_->SendLine(R"({"type":"ERROR","object":{"kind":"Status","code":500,"message":"etcd is away"}})");
  for (int i = 0; i < 2000 && server_->pod_requests().lists < 2; ++i) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_GE(server_->pod_requests().lists, 2U);
  server_->Put(PodWith("a"));
  EXPECT_TRUE(WaitFor("a", "enabled"));
}

TEST_F(KubernetesSourceTest, KnowsThePodsWhileTheServerIsAwayAndIsRightSoonAfter) {
  server_->Put(PodWith("a"));
  StartSource();
  ASSERT_TRUE(WaitFor("a", "enabled"));
  server_->Stop();
  WaitForErrors(3);
  EXPECT_NE(FindPod(*source_->snapshot(), "a"), nullptr);
  server_->Put(PodWith("b"));
  server_->Delete("a");
  ASSERT_TRUE(server_->Restart());
  const absl::Time start = absl::Now();
  ASSERT_TRUE(WaitFor("b", "enabled"));
  ASSERT_TRUE(WaitFor("a", "gone"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(3));
}

TEST_F(KubernetesSourceTest, FiveHundredPodsWhoseLabelsChangeAllTheTime) {
  constexpr int kPods = 500;
  const auto put_all = [this](const std::string& trace) {
    for (int i = 0; i < kPods; ++i) {
      server_->Put(PodWith("u" + std::to_string(i), trace));
    }
  };
  put_all("enabled");
  StartSource();
  ASSERT_TRUE(WaitForWatch());
  for (int round = 0; round < 4; ++round) {
    put_all(std::to_string(round));
  }
  EXPECT_TRUE(watcher_.WaitUntil(*source_, [](const PodSnapshot& snapshot) {
    return snapshot.pods().size() == kPods &&
           std::all_of(snapshot.pods().begin(), snapshot.pods().end(),
                       [](const auto& pod) { return FindValue(pod->labels, "nodespan.io/trace") == "3"; });
  }));
  EXPECT_EQ(server_->pod_requests().lists, 1U);
  EXPECT_EQ(counters_.Get(Counter::kPodsLeftOut) + counters_.Get(Counter::kPodsMalformed), 0U);
}

TEST_F(KubernetesSourceTest, PartialOutages) {
  server_->Put(PodWith("a"));
  server_->SetFault(Fault::kListIsCut);
  StartSource();
  WaitForErrors(2);
  EXPECT_FALSE(source_->is_synced());
  server_->SetFault(Fault::kListFails);
  WaitForErrors(counters_.Get(Counter::kPodSourceErrors) + 2);
  EXPECT_FALSE(source_->is_synced());
  // Without watches it is a poll.
  server_->SetFault(Fault::kWatchFails);
  ASSERT_TRUE(WaitFor("a", "enabled"));
  server_->Put(PodWith("a", "polled"));
  ASSERT_TRUE(WaitFor("a", "polled"));
  server_->SetFault(Fault::kAllFail);
  WaitForErrors(counters_.Get(Counter::kPodSourceErrors) + 2);
  server_->Put(PodWith("a", "back"));
  server_->SetFault(Fault::kNone);
  EXPECT_TRUE(WaitFor("a", "back"));
}

TEST_F(KubernetesSourceTest, AServerThatHangsIsGivenUp) {
  server_->Put(PodWith("a"));
  server_->SetFault(Fault::kHangs);
  StartSource();
  WaitForErrors(1);
  server_->SetFault(Fault::kNone);
  EXPECT_TRUE(WaitFor("a", "enabled"));
}

TEST_F(KubernetesSourceTest, TheTokenIsReadAnew) {
  StartSource();
  ASSERT_TRUE(WaitForWatch());
  server_->SetToken("second-token");
  server_->EndWatches();
  while (server_->refused_count() == 0) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  server_->WriteServiceAccount(folder_);
  server_->Put(PodWith("a"));
  EXPECT_TRUE(WaitFor("a", "enabled"));
}

TEST_F(KubernetesSourceTest, OnlyTheClustersAuthorityIsTrusted) {
  const auto other = nodespan::testing::ApiServer::Start();
  ASSERT_NE(other, nullptr);
  other->WriteServiceAccount(folder_);
  StartSource();
  WaitForErrors(1);
  EXPECT_FALSE(source_->is_synced());
  EXPECT_EQ(server_->pod_requests().lists + server_->refused_count(), 0U);
}

TEST_F(KubernetesSourceTest, EndsAtOnceWhileAWatchIsOpen) {
  StartSource();
  ASSERT_TRUE(WaitForWatch());
  const absl::Time start = absl::Now();
  source_.reset();
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(500));
}

TEST_F(KubernetesSourceTest, NeedsTheNameOfTheNode) {
  KubernetesSourceOptions options;
  for (const char* name : {"", "node 1", "node-1&watch=true", "NODE"}) {
    options.node_name = name;
    const auto source = StartKubernetesSource(options, MetadataFilter({}), &counters_, nullptr);
    EXPECT_EQ(source.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(source.status().message()), HasSubstr("NODE_NAME"));
  }
}

TEST_F(KubernetesSourceTest, FindsTheServerFromWithinAPod) {
  EXPECT_EQ(FindApiServer("10.0.0.1", "6443", folder_)->base_url, "https://10.0.0.1:6443");
  EXPECT_EQ(FindApiServer("10.0.0.1", "", folder_)->base_url, "https://10.0.0.1:443");
  EXPECT_EQ(FindApiServer("fd00::1", "443", folder_)->base_url, "https://[fd00::1]:443");
  EXPECT_EQ(FindApiServer("", "443", folder_).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(FindApiServer("10.0.0.1", "443", "/nonexistent").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace nodespan::k8s
