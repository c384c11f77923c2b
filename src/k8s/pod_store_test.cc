// SPDX-License-Identifier: Apache-2.0
#include "k8s/pod_store.h"

#include "gtest/gtest.h"

namespace nodespan::k8s {
namespace {

const std::string kFirst(64, '1');
const std::string kSecond(64, '2');
const std::string kOther(64, '3');

Pod MakePod(const std::string& uid, const std::vector<std::string>& container_ids = {}) {
  Pod pod;
  pod.uid = uid;
  pod.name = "pod-" + uid;
  pod.namespace_name = "default";
  for (const std::string& id : container_ids) {
    pod.containers.push_back({.name = "c" + std::to_string(pod.containers.size()), .id = id});
  }
  return pod;
}

class PodStoreTest : public ::testing::Test {
 protected:
  ContainerRef Find(const std::string& container_id, const std::string& uid = "") const {
    return store_.snapshot()->Find({container_id, uid});
  }

  metrics::Counters counters_;
  int changes_ = 0;
  PodStore store_{&counters_, [this] { ++changes_; }};
};

TEST_F(PodStoreTest, TellsOfChangesOnly) {
  EXPECT_FALSE(store_.is_synced());
  EXPECT_TRUE(store_.snapshot()->pods().empty());
  store_.ReplaceAll({});
  EXPECT_TRUE(store_.is_synced());
  EXPECT_EQ(changes_, 1);
  store_.ReplaceAll({MakePod("a"), MakePod("b")});
  EXPECT_EQ(changes_, 2);
  store_.ReplaceAll({MakePod("b"), MakePod("a")});
  store_.Put(MakePod("a"));
  store_.Remove("c");
  EXPECT_EQ(changes_, 2);
  store_.Put(MakePod("a", {kFirst}));
  store_.Remove("b");
  EXPECT_EQ(changes_, 4);
  EXPECT_EQ(store_.snapshot()->pods().size(), 1U);
}

TEST_F(PodStoreTest, PodsThatDidNotChangeAreShared) {
  store_.ReplaceAll({MakePod("a"), MakePod("b")});
  const auto before = store_.snapshot();
  store_.Put(MakePod("b", {kFirst}));
  EXPECT_EQ(store_.snapshot()->pods()[0], before->pods()[0]);
  EXPECT_NE(store_.snapshot()->pods()[1], before->pods()[1]);
  EXPECT_EQ(before->pods()[1]->containers.size(), 0U);
}

TEST_F(PodStoreTest, FindsTheContainerOfAProcess) {
  store_.ReplaceAll({MakePod("a", {kFirst, kSecond}), MakePod("b")});
  EXPECT_EQ(Find(kSecond).pod->uid, "a");
  EXPECT_EQ(Find(kSecond).container->name, "c1");
  EXPECT_EQ(Find(kSecond, "a").container->name, "c1");
  EXPECT_EQ(Find(kSecond, "unknown").container->name, "c1");
  EXPECT_EQ(Find(kOther).pod, nullptr);
  EXPECT_EQ(Find(kOther, "unknown").pod, nullptr);
}

TEST_F(PodStoreTest, APodIsKnownBeforeItsContainer) {
  Pod one = MakePod("one", {""});
  Pod restarted = MakePod("restarted", {kFirst});
  one.has_all_containers = restarted.has_all_containers = true;
  store_.ReplaceAll({MakePod("two", {kFirst, kSecond}), one, restarted, MakePod("growing", {kFirst})});
  EXPECT_EQ(Find(kOther, "two").pod->uid, "two");
  EXPECT_EQ(Find(kOther, "two").container, nullptr);
  // The only container there is.
  EXPECT_EQ(Find(kOther, "one").container->name, "c0");
  EXPECT_EQ(Find(kOther, "restarted").container->name, "c0");
  // The runtime has made one so far, and this is another.
  EXPECT_EQ(Find(kOther, "growing").pod->uid, "growing");
  EXPECT_EQ(Find(kOther, "growing").container, nullptr);
}

TEST_F(PodStoreTest, OfTwoPodsThatClaimAContainerTheCgroupDecides) {
  store_.ReplaceAll({MakePod("a", {kFirst}), MakePod("b", {kFirst})});
  EXPECT_EQ(Find(kFirst, "b").pod->uid, "b");
  EXPECT_EQ(Find(kFirst, "a").pod->uid, "a");
  EXPECT_EQ(Find(kFirst).pod->uid, "a");
}

TEST_F(PodStoreTest, StaticPodsAreFoundByTheUidOfTheirCgroups) {
  Pod pod = MakePod("mirror");
  pod.config_hash = "0123";
  store_.ReplaceAll({pod});
  EXPECT_EQ(Find(kFirst, "0123").pod->uid, "mirror");
}

TEST_F(PodStoreTest, IsBoundedInNumberAndRecovers) {
  std::vector<Pod> pods;
  for (size_t i = 0; i < PodStore::kMaxPods + 10; ++i) {
    pods.push_back(MakePod(std::to_string(10000 + i)));
  }
  store_.ReplaceAll(pods);
  EXPECT_EQ(store_.snapshot()->pods().size(), PodStore::kMaxPods);
  EXPECT_EQ(counters_.Get(metrics::Counter::kPodsLeftOut), 10U);
  store_.Remove("10000");
  store_.Put(MakePod("new"));
  EXPECT_EQ(store_.snapshot()->pods().size(), PodStore::kMaxPods);
}

TEST_F(PodStoreTest, IsBoundedInBytes) {
  std::vector<Pod> pods;
  for (int i = 0; i < 500; ++i) {
    pods.push_back(MakePod(std::to_string(i)));
    for (size_t k = 0; k < kMaxAnnotationsPerPod; ++k) {
      pods.back().annotations["resource.opentelemetry.io/" + std::to_string(k)] = std::string(1000, 'x');
    }
  }
  store_.ReplaceAll(pods);
  size_t bytes = 0;
  for (const auto& pod : store_.snapshot()->pods()) {
    bytes += EstimateBytes(*pod);
  }
  EXPECT_LE(bytes, PodStore::kMaxBytes);
  EXPECT_GT(counters_.Get(metrics::Counter::kPodsLeftOut), 0U);
  store_.ReplaceAll({});
  EXPECT_TRUE(store_.snapshot()->pods().empty());
  store_.ReplaceAll({MakePod("a")});
  EXPECT_EQ(store_.snapshot()->pods().size(), 1U);
}

TEST_F(PodStoreTest, PodsHaveTheAnnotationOfTheirNamespace) {
  const auto annotation = [this](size_t pod) { return store_.snapshot()->pods()[pod]->namespace_inject_go; };
  Pod other = MakePod("b");
  other.namespace_name = "other";
  store_.ReplaceAll({MakePod("a"), other});
  const auto before = store_.snapshot();
  EXPECT_EQ(annotation(0), "");
  store_.PutNamespace({.name = "default", .inject_go = "true"});
  EXPECT_EQ(changes_, 2);
  EXPECT_EQ(annotation(0), "true");
  EXPECT_EQ(store_.snapshot()->pods()[1], before->pods()[1]);
  // The same again, and what concerns no pod here, is no change; nor is a pod that is told again.
  store_.PutNamespace({.name = "default", .inject_go = "true"});
  store_.PutNamespace({.name = "elsewhere", .inject_go = "true"});
  store_.Put(MakePod("a"));
  EXPECT_EQ(changes_, 2);
  // A pod that comes later, and one that changes, have it at once.
  Pod later = MakePod("c");
  later.namespace_name = "elsewhere";
  store_.Put(later);
  store_.Put(MakePod("a", {kFirst}));
  EXPECT_EQ(annotation(0), "true");
  EXPECT_EQ(annotation(2), "true");

  NamespaceAnnotations listed;
  ASSERT_TRUE(listed.Set({.name = "other", .inject_go = "team/go"}));
  store_.ReplaceNamespaces(listed);
  EXPECT_EQ(changes_, 5);
  EXPECT_EQ(annotation(0), "");
  EXPECT_EQ(annotation(1), "team/go");
  EXPECT_EQ(annotation(2), "");
  store_.PutNamespace({.name = "other", .inject_go = ""});
  EXPECT_EQ(annotation(1), "");
}

TEST_F(PodStoreTest, NamespacesDoNotMakeItSyncedAndThoseWithoutRoomAreCounted) {
  store_.PutNamespace({.name = "default", .inject_go = "true"});
  store_.ReplaceNamespaces({});
  EXPECT_FALSE(store_.is_synced());
  EXPECT_EQ(changes_, 0);
  const std::string value(kMaxMetadataValueBytes, 'x');
  constexpr int kMany = NamespaceAnnotations::kMaxBytes / kMaxMetadataValueBytes;
  for (int i = 0; i < kMany; ++i) {
    store_.PutNamespace({.name = "n" + std::to_string(i), .inject_go = value});
  }
  EXPECT_GT(counters_.Get(metrics::Counter::kNamespacesLeftOut), 0U);
  EXPECT_LT(counters_.Get(metrics::Counter::kNamespacesLeftOut), kMany / 2U);
}

}  // namespace
}  // namespace nodespan::k8s
