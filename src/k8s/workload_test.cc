// SPDX-License-Identifier: Apache-2.0
#include "k8s/workload.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::k8s {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Pod PodOf(Owner owner, StringMap labels = {}) {
  Pod pod;
  pod.has_owners = true;
  pod.owner = std::move(owner);
  pod.labels = std::move(labels);
  return pod;
}

Pod PodNamed(std::string name, StringMap labels) {
  Pod pod;
  pod.name = std::move(name);
  pod.labels = std::move(labels);
  return pod;
}

TEST(WorkloadTest, FromOwners) {
  EXPECT_THAT(FindWorkloads(PodOf({"ReplicaSet", "shop-6d4cf56db6", "u1"}, {{"pod-template-hash", "6d4cf56db6"}})),
              ElementsAre(Workload{"deployment", "shop", ""}, Workload{"replicaset", "shop-6d4cf56db6", "u1"}));
  EXPECT_THAT(FindWorkloads(PodOf({"ReplicaSet", "mine", "u1"})), ElementsAre(Workload{"replicaset", "mine", "u1"}));
  EXPECT_THAT(FindWorkloads(PodOf({"StatefulSet", "db", "u2"})), ElementsAre(Workload{"statefulset", "db", "u2"}));
  EXPECT_THAT(FindWorkloads(PodOf({"DaemonSet", "agent", "u3"})), ElementsAre(Workload{"daemonset", "agent", "u3"}));
  EXPECT_THAT(FindWorkloads(PodOf({"Job", "backup-28512345", "u4"})),
              ElementsAre(Workload{"cronjob", "backup", ""}, Workload{"job", "backup-28512345", "u4"}));
  EXPECT_THAT(FindWorkloads(PodOf({"Job", "import-2024", "u4"})), ElementsAre(Workload{"job", "import-2024", "u4"}));
  EXPECT_THAT(FindWorkloads(PodOf({"Node", "n1", "u5"})), IsEmpty());
}

TEST(WorkloadTest, AnOwnerThatIsKnownToBeMissingIsNotDerived) {
  Pod pod = PodNamed("shop-6d4cf56db6-x7k2p", {{"pod-template-hash", "6d4cf56db6"}});
  pod.has_owners = true;
  EXPECT_THAT(FindWorkloads(pod), IsEmpty());
}

TEST(WorkloadTest, FromNames) {
  EXPECT_THAT(FindWorkloads(PodNamed("shop-6d4cf56db6-x7k2p", {{"pod-template-hash", "6d4cf56db6"}})),
              ElementsAre(Workload{"deployment", "shop", ""}, Workload{"replicaset", "shop-6d4cf56db6", ""}));
  EXPECT_THAT(
      FindWorkloads(PodNamed("agent-x7k2p", {{"controller-revision-hash", "1"}, {"pod-template-generation", "1"}})),
      ElementsAre(Workload{"daemonset", "agent", ""}));
  EXPECT_THAT(FindWorkloads(PodNamed("db-12", {{"statefulset.kubernetes.io/pod-name", "db-12"}})),
              ElementsAre(Workload{"statefulset", "db", ""}));
  EXPECT_THAT(FindWorkloads(PodNamed("db-0", {{"apps.kubernetes.io/pod-index", "0"}})),
              ElementsAre(Workload{"statefulset", "db", ""}));
  EXPECT_THAT(FindWorkloads(PodNamed("x", {{"batch.kubernetes.io/job-name", "backup-28512345"}})),
              ElementsAre(Workload{"cronjob", "backup", ""}, Workload{"job", "backup-28512345", ""}));
  EXPECT_THAT(FindWorkloads(PodNamed("x", {{"job-name", "once"}})), ElementsAre(Workload{"job", "once", ""}));
}

TEST(WorkloadTest, NamesThatTellNothing) {
  EXPECT_THAT(FindWorkloads(PodNamed("naked", {})), IsEmpty());
  EXPECT_THAT(FindWorkloads(PodNamed("x", {{"job-name", ""}})), IsEmpty());
  EXPECT_THAT(FindWorkloads(PodNamed("agent-x7k2p", {{"controller-revision-hash", "1"}})), IsEmpty());
  EXPECT_THAT(FindWorkloads(PodNamed("", {{"pod-template-hash", "h"}})), IsEmpty());
  EXPECT_THAT(FindWorkloads(PodNamed("db-x", {{"apps.kubernetes.io/pod-index", "0"}})), IsEmpty());
  // The API server cuts what stands before the random end to 58 characters.
  const std::string cut = std::string(57, 'a') + "-x7k2p";
  EXPECT_THAT(FindWorkloads(PodNamed(cut, {{"pod-template-hash", "6d4cf56db6"}})), IsEmpty());
}

}  // namespace
}  // namespace nodespan::k8s
