// SPDX-License-Identifier: Apache-2.0
// Instrumentation resources as the source of the API server has them, with and without the right to read them, and in
// clusters that have none.
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "k8s/instrumentation.h"
#include "k8s/kubernetes_source_test.h"
#include "k8s/namespace_annotations.h"

namespace nodespan::k8s {
namespace {

using metrics::Counter;
using nodespan::testing::ApiServerPod;
using ::testing::AllOf;
using testing::FindPod;
using ::testing::HasSubstr;
using testing::PodWith;
using ::testing::StartsWith;
using Lookup = InstrumentationLookup;

constexpr const char* kSampler = R"({"sampler": {"type": "always_off"}})";

class KubernetesInstrumentationsTest : public testing::KubernetesSourceFixture {
 protected:
  void PutPod(const std::string& uid, const std::string& inject_go) {
    ApiServerPod pod = PodWith(uid);
    pod.annotations = {{std::string(kInjectGoAnnotation), inject_go}};
    server_->Put(pod);
  }
  bool WaitForLookup(const std::string& uid, Lookup lookup) {
    return watcher_.WaitUntil(*source_, [&](const PodSnapshot& snapshot) {
      const auto pod = FindPod(snapshot, uid);
      return pod != nullptr && pod->instrumentation_lookup == lookup;
    });
  }
  bool WaitForSampler(const std::string& uid, const std::string& type) {
    return watcher_.WaitUntil(*source_, [&](const PodSnapshot& snapshot) {
      const auto pod = FindPod(snapshot, uid);
      return pod != nullptr && pod->instrumentation != nullptr &&
             FindValue(pod->instrumentation->environments.at(2), "OTEL_TRACES_SAMPLER") == type;
    });
  }
  template <typename Condition>
  static bool WaitForServer(Condition condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    return condition();
  }
};

TEST_F(KubernetesInstrumentationsTest, AreListedAndFollowed) {
  server_->ServeInstrumentations(true);
  server_->PutInstrumentation("default", "go", kSampler);
  PutPod("a", "true");
  PutPod("b", "team/go");
  StartSource();
  ASSERT_TRUE(WaitForSampler("a", "always_off"));
  ASSERT_TRUE(WaitForLookup("b", Lookup::kMissing));
  ASSERT_TRUE(WaitForServer([this] { return server_->instrumentation_requests().watches >= 1; }));
  EXPECT_THAT(server_->instrumentation_requests().last_query,
              AllOf(StartsWith("/apis/opentelemetry.io/v1alpha1/instrumentations?watch=true&"),
                    HasSubstr("allowWatchBookmarks=true")));
  const absl::Time start = absl::Now();
  server_->PutInstrumentation("default", "go", R"({"sampler": {"type": "always_on"}})");
  ASSERT_TRUE(WaitForSampler("a", "always_on"));
  EXPECT_LT(absl::Now() - start, absl::Seconds(1));
  server_->PutInstrumentation("team", "go", kSampler);
  ASSERT_TRUE(WaitForSampler("b", "always_off"));
  server_->DeleteInstrumentation("default", "go");
  ASSERT_TRUE(WaitForLookup("a", Lookup::kNone));
  EXPECT_EQ(counters_.Get(Counter::kInstrumentationLists), 1U);
  EXPECT_EQ(counters_.Get(Counter::kInstrumentationErrors) + counters_.Get(Counter::kInstrumentationsMalformed), 0U);
}

TEST_F(KubernetesInstrumentationsTest, AClusterWithoutThemIsFineAndOneThatGetsThemIsNoticed) {
  PutPod("a", "true");
  StartSource();
  ASSERT_TRUE(WaitForLookup("a", Lookup::kNone));
  EXPECT_TRUE(source_->is_synced());
  ASSERT_TRUE(WaitForServer([this] { return server_->instrumentation_requests().not_there >= 3; }));
  EXPECT_EQ(counters_.Get(Counter::kPodSourceErrors), 0U);
  server_->PutInstrumentation("default", "go", kSampler);
  server_->ServeInstrumentations(true);
  EXPECT_TRUE(WaitForSampler("a", "always_off"));
}

TEST_F(KubernetesInstrumentationsTest, WithoutTheRightNobodyWaitsAndARoleThatComesLaterCounts) {
  server_->ServeInstrumentations(true);
  server_->ForbidInstrumentations(true);
  server_->PutInstrumentation("default", "go", kSampler);
  PutPod("a", "go");
  StartSource();
  ASSERT_TRUE(WaitForLookup("a", Lookup::kNone));
  ASSERT_TRUE(WaitForServer([this] { return server_->instrumentation_requests().forbidden >= 3; }));
  server_->ForbidInstrumentations(false);
  ASSERT_TRUE(WaitForSampler("a", "always_off"));
  // What is known stays known when the right is taken away.
  ASSERT_TRUE(WaitForServer([this] { return server_->instrumentation_requests().watches >= 1; }));
  const size_t before = server_->instrumentation_requests().forbidden;
  server_->ForbidInstrumentations(true);
  server_->EndWatches();
  ASSERT_TRUE(WaitForServer([&] { return server_->instrumentation_requests().forbidden > before + 1; }));
  EXPECT_TRUE(WaitForSampler("a", "always_off"));
}

TEST_F(KubernetesInstrumentationsTest, WaitsGrowWhereThereAreNone) {
  max_refused_wait_ = absl::Minutes(5);
  StartSource();
  // Waits begin with 10 to 20 ms and double, so the eighth request comes after 1,270 ms at least. If they only grew to
  // 200 ms, as with other errors, it would come after 900 ms at most.
  const absl::Time start = absl::Now();
  ASSERT_TRUE(WaitForServer([this] { return server_->instrumentation_requests().not_there >= 8; }));
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(1200));
}

TEST_F(KubernetesInstrumentationsTest, PodsThatAskArePendingUntilTheNamespacesAreKnownOrRefused) {
  server_->ServeInstrumentations(true);
  server_->PutInstrumentation("default", "go", kSampler);
  server_->ForbidNamespaces(true);
  PutPod("a", "true");
  StartSource();
  ASSERT_TRUE(WaitForSampler("a", "always_off"));
  server_->PutNamespace("default", {{std::string(kInjectGoAnnotation), "elsewhere/go"}});
  server_->ForbidNamespaces(false);
  EXPECT_TRUE(WaitForLookup("a", Lookup::kMissing));
}

TEST_F(KubernetesInstrumentationsTest, WhatWasMissedOrCannotBeReadLosesOnlyItself) {
  server_->ServeInstrumentations(true);
  server_->PutInstrumentation("default", "go", kSampler);
  PutPod("a", "go");
  StartSource();
  ASSERT_TRUE(WaitForSampler("a", "always_off"));
  ASSERT_TRUE(WaitForServer([this] { return server_->instrumentation_requests().watches >= 1; }));
  server_->SendInstrumentationLine(R"({"type":"ADDED","object":{"metadata":{"name":)");
  server_->PutInstrumentation("default", "go", R"({"sampler": {"type": "always_on"}})");
  EXPECT_TRUE(WaitForSampler("a", "always_on"));
  EXPECT_EQ(counters_.Get(Counter::kInstrumentationsMalformed), 1U);
  server_->Compact();
  server_->DeleteInstrumentation("default", "go");
  server_->Compact();
  EXPECT_TRUE(WaitForLookup("a", Lookup::kMissing));
}

}  // namespace
}  // namespace nodespan::k8s
