// SPDX-License-Identifier: Apache-2.0
// Annotations of namespaces as the source of the API server has them, with and without the right to read them.
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "k8s/kubernetes_source_test.h"
#include "k8s/namespace_annotations.h"

namespace nodespan::k8s {
namespace {

using metrics::Counter;
using nodespan::testing::ApiServerPod;
using Fault = nodespan::testing::ApiServer::Fault;
using ::testing::AllOf;
using testing::FindPod;
using ::testing::HasSubstr;
using testing::PodWith;
using ::testing::StartsWith;

class KubernetesNamespacesTest : public testing::KubernetesSourceFixture {
 protected:
  void Annotate(const std::string& name, const std::string& value) {
    server_->PutNamespace(name, {{std::string(kInjectGoAnnotation), value}, {"example.com/other", "x"}});
  }
  // The pod is there, and its namespace has that annotation.
  bool WaitForAnnotation(const std::string& uid, const std::string& value) {
    return watcher_.WaitUntil(*source_, [&](const PodSnapshot& snapshot) {
      const auto pod = FindPod(snapshot, uid);
      return pod != nullptr && pod->namespace_inject_go == value;
    });
  }
  template <typename Condition>
  static bool WaitForServer(Condition condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    return condition();
  }
  bool WaitForNamespaceWatches(size_t count) {
    return WaitForServer([&] { return server_->namespace_requests().watches >= count; });
  }
};

TEST_F(KubernetesNamespacesTest, AnnotationsAreListedAndFollowed) {
  Annotate("default", "true");
  ApiServerPod elsewhere = PodWith("b");
  elsewhere.namespace_name = "other";
  server_->Put(PodWith("a"));
  server_->Put(elsewhere);
  StartSource();
  ASSERT_TRUE(WaitForAnnotation("a", "true"));
  EXPECT_TRUE(WaitForAnnotation("b", ""));
  ASSERT_TRUE(WaitForNamespaceWatches(1));
  EXPECT_THAT(server_->namespace_requests().last_query,
              AllOf(StartsWith("/api/v1/namespaces?watch=true&"), HasSubstr("allowWatchBookmarks=true"),
                    HasSubstr("resourceVersion=1003")));
  const absl::Time start = absl::Now();
  Annotate("default", "false");
  ASSERT_TRUE(WaitForAnnotation("a", "false"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(1));
  Annotate("other", "team/go");
  ASSERT_TRUE(WaitForAnnotation("b", "team/go"));
  server_->PutNamespace("other", {});
  ASSERT_TRUE(WaitForAnnotation("b", ""));
  server_->DeleteNamespace("default");
  ASSERT_TRUE(WaitForAnnotation("a", ""));
  EXPECT_EQ(server_->namespace_requests().lists, 1U);
  EXPECT_EQ(counters_.Get(Counter::kNamespaceLists), 1U);
  EXPECT_EQ(counters_.Get(Counter::kNamespaceErrors) + counters_.Get(Counter::kNamespacesMalformed), 0U);
  EXPECT_EQ(counters_.Get(Counter::kPodLists), 1U);
}

TEST_F(KubernetesNamespacesTest, WithoutTheRightPodsAreAllThereIsAndARoleThatComesLaterCounts) {
  server_->ForbidNamespaces(true);
  Annotate("default", "true");
  server_->Put(PodWith("a"));
  StartSource();
  ASSERT_TRUE(WaitFor("a", "enabled"));
  ASSERT_TRUE(WaitForServer([this] { return server_->namespace_requests().forbidden >= 3; }));
  EXPECT_TRUE(source_->is_synced());
  EXPECT_TRUE(WaitForAnnotation("a", ""));
  EXPECT_GE(counters_.Get(Counter::kNamespaceErrors), 2U);
  EXPECT_EQ(counters_.Get(Counter::kPodSourceErrors), 0U);
  server_->ForbidNamespaces(false);
  ASSERT_TRUE(WaitForAnnotation("a", "true"));
  Annotate("default", "false");
  EXPECT_TRUE(WaitForAnnotation("a", "false"));
}

TEST_F(KubernetesNamespacesTest, WaitsGrowWhileTheRightIsMissing) {
  max_refused_wait_ = absl::Minutes(5);
  server_->ForbidNamespaces(true);
  StartSource();
  // Waits begin with 10 to 20 ms and double, so the eighth request comes after 1,270 ms at least. If they only grew to
  // 200 ms, as with other errors, it would come after 900 ms at most.
  const absl::Time start = absl::Now();
  ASSERT_TRUE(WaitForServer([this] { return server_->namespace_requests().forbidden >= 8; }));
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(1200));
  // Nobody waits for it to be over.
  const absl::Time end = absl::Now();
  source_.reset();
  EXPECT_LT(absl::Now() - end, absl::Milliseconds(500));
}

TEST_F(KubernetesNamespacesTest, WhatIsKnownStaysKnownWhenTheRightIsTakenAway) {
  Annotate("default", "true");
  server_->Put(PodWith("a"));
  StartSource();
  ASSERT_TRUE(WaitForAnnotation("a", "true"));
  ASSERT_TRUE(WaitForNamespaceWatches(1));
  server_->ForbidNamespaces(true);
  server_->EndWatches();
  ASSERT_TRUE(WaitForServer([this] { return server_->namespace_requests().forbidden >= 2; }));
  server_->Put(PodWith("b"));
  EXPECT_TRUE(WaitForAnnotation("b", "true"));
  EXPECT_TRUE(WaitForAnnotation("a", "true"));
}

TEST_F(KubernetesNamespacesTest, WhatWasMissedIsListedAgain) {
  Annotate("default", "true");
  server_->Put(PodWith("a"));
  StartSource();
  ASSERT_TRUE(WaitForAnnotation("a", "true"));
  ASSERT_TRUE(WaitForNamespaceWatches(1));
  server_->SetFault(Fault::kWatchFails);
  server_->Compact();
  server_->DeleteNamespace("default");
  server_->Compact();
  server_->SetFault(Fault::kNone);
  EXPECT_TRUE(WaitForAnnotation("a", ""));
  EXPECT_GE(server_->namespace_requests().lists, 2U);
}

TEST_F(KubernetesNamespacesTest, AMalformedEventIsCountedAndLosesOnlyItself) {
  server_->Put(PodWith("a"));
  StartSource();
  ASSERT_TRUE(WaitForNamespaceWatches(1));
  server_->SendNamespaceLine(R"({"type":"ADDED","object":{"metadata":{"name":)");
  Annotate("default", "true");
  EXPECT_TRUE(WaitForAnnotation("a", "true"));
  EXPECT_EQ(counters_.Get(Counter::kNamespacesMalformed), 1U);
  EXPECT_EQ(counters_.Get(Counter::kPodsMalformed), 0U);
}

TEST_F(KubernetesNamespacesTest, TheyAreKnownAgainAfterAnOutage) {
  Annotate("default", "true");
  server_->Put(PodWith("a"));
  StartSource();
  ASSERT_TRUE(WaitForAnnotation("a", "true"));
  server_->Stop();
  WaitForErrors(2);
  EXPECT_TRUE(WaitForAnnotation("a", "true"));
  Annotate("default", "false");
  ASSERT_TRUE(server_->Restart());
  EXPECT_TRUE(WaitForAnnotation("a", "false"));
}

}  // namespace
}  // namespace nodespan::k8s
