// SPDX-License-Identifier: Apache-2.0
#include "k8s/pod_json.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "k8s/test_container_id.h"

namespace nodespan::k8s {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kContainerId;
using ::testing::Pair;

const std::string kInitId(64, 'b');
const MetadataFilter kFilter({"team"});

// The shape that a kubelet and a Deployment leave, with what is not used.
std::string DeploymentPod() {
  return R"({
    "metadata": {
      "name": "shop-6d4cf56db6-x7k2p", "generateName": "shop-6d4cf56db6-", "namespace": "store",
      "uid": "01234567-89ab-cdef-0123-456789abcdef", "resourceVersion": "4711",
      "creationTimestamp": "2026-01-02T03:04:05Z",
      "labels": {"nodespan.io/trace": "enabled", "pod-template-hash": "6d4cf56db6", "team": "cart", "env": "prod"},
      "annotations": {"instrumentation.opentelemetry.io/inject-go": "true", "kubectl.kubernetes.io/x": "long",
                      "resource.opentelemetry.io/deployment.environment.name": "prod"},
      "ownerReferences": [
        {"apiVersion": "v1", "kind": "Other", "name": "no", "uid": "no"},
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "shop-6d4cf56db6", "uid": "rs-uid", "controller": true}],
      "managedFields": [{"manager": "kube-controller-manager", "fieldsV1": {"f:metadata": {}}}]},
    "spec": {
      "nodeName": "node-1", "serviceAccountName": "default",
      "volumes": [{"name": "v", "projected": {}}],
      "initContainers": [{"name": "migrate", "image": "shop:1.2"}],
      "containers": [
        {"name": "web", "image": "registry/shop:1.2", "env": [{"name": "A", "value": "B"}], "resources": {}},
        {"name": "proxy", "image": "registry/proxy"}],
      "ephemeralContainers": [{"name": "debugger-x", "image": "busybox"}]},
    "status": {
      "phase": "Running", "podIP": "10.1.2.3", "hostIP": "192.168.0.1", "startTime": "2026-01-02T03:04:06Z",
      "conditions": [{"type": "Ready", "status": "True"}],
      "initContainerStatuses": [{"name": "migrate", "restartCount": 0, "containerID": "containerd://)" +
         kInitId + R"(", "imageID": "sha256:beef"}],
      "containerStatuses": [
        {"name": "web", "restartCount": 2, "ready": true, "image": "registry/shop:1.2", "containerID": "containerd://)" +
         kContainerId + R"(", "imageID": "registry/shop@sha256:beef"},
        {"name": "proxy", "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}, "imageID": ""},
        {"name": "unknown", "containerID": "containerd://x"}]}
  })";
}

TEST(PodJsonTest, APodOfADeployment) {
  const absl::StatusOr<ApiPod> parsed = ParsePod(DeploymentPod(), kFilter);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_FALSE(parsed->has_ended);
  const Pod& pod = parsed->pod;
  EXPECT_EQ(pod.uid, "01234567-89ab-cdef-0123-456789abcdef");
  EXPECT_EQ(pod.name, "shop-6d4cf56db6-x7k2p");
  EXPECT_EQ(pod.namespace_name, "store");
  EXPECT_EQ(pod.node_name, "node-1");
  EXPECT_EQ(pod.ip, "10.1.2.3");
  EXPECT_EQ(pod.start_time, absl::FromUnixSeconds(1767323046));
  EXPECT_EQ(pod.owner, (Owner{"ReplicaSet", "shop-6d4cf56db6", "rs-uid"}));
  EXPECT_THAT(pod.labels, ElementsAre(Pair("nodespan.io/trace", "enabled"), Pair("pod-template-hash", "6d4cf56db6"),
                                      Pair("team", "cart")));
  EXPECT_THAT(pod.annotations, ElementsAre(Pair("instrumentation.opentelemetry.io/inject-go", "true"),
                                           Pair("resource.opentelemetry.io/deployment.environment.name", "prod")));
  EXPECT_THAT(pod.containers,
              ElementsAre(Container{.name = "web",
                                    .id = kContainerId,
                                    .runtime = "containerd",
                                    .image = "registry/shop:1.2",
                                    .image_id = "registry/shop@sha256:beef",
                                    .restart_count = 2},
                          Container{.name = "proxy", .image = "registry/proxy", .restart_count = 0},
                          Container{.name = "migrate",
                                    .id = kInitId,
                                    .runtime = "containerd",
                                    .image = "shop:1.2",
                                    .image_id = "sha256:beef",
                                    .kind = ContainerKind::kInit,
                                    .restart_count = 0},
                          Container{.name = "debugger-x", .image = "busybox", .kind = ContainerKind::kEphemeral}));
}

TEST(PodJsonTest, AStaticPodHasTheUidOfItsCgroups) {
  const absl::StatusOr<ApiPod> parsed = ParsePod(
      R"({"metadata": {"name": "etcd", "namespace": "kube-system", "uid": "u", "resourceVersion": "1",
          "annotations": {"kubernetes.io/config.hash": "0123456789abcdef0123456789abcdef"}},
          "status": {"phase": "Failed"}})",
      kFilter);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->pod.config_hash, "0123456789abcdef0123456789abcdef");
  EXPECT_TRUE(parsed->has_ended);
}

TEST(PodJsonTest, WhatIsNoPodIsRefused) {
  for (const char* text :
       {"", "null", "[]", "{", "{}", R"({"metadata": []})", R"({"metadata": {"name": "a", "namespace": "b"}})",
        R"({"metadata": {"name": 1, "namespace": "b", "uid": "c"}})",
        R"({"metadata": {"name": "a\nlevel=error", "namespace": "b", "uid": "c"}})"}) {
    EXPECT_EQ(ParsePod(text, kFilter).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

TEST(PodJsonTest, MembersOfOtherTypesAreLeftOut) {
  const absl::StatusOr<ApiPod> parsed = ParsePod(
      R"({"metadata": {"name": "a", "namespace": "b", "uid": "c", "labels": {"team": 1}, "annotations": [],
          "ownerReferences": [{"controller": true, "kind": "ReplicaSet"}, {"name": "x", "controller": 1}, 5]},
          "spec": {"containers": [1, {"name": 2}, {"name": "x", "image": {}}], "initContainers": "no"},
          "status": {"containerStatuses": [null, {"name": "x", "containerID": 5, "restartCount": -1}],
                     "startTime": "yesterday"}})",
      kFilter);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_TRUE(parsed->pod.labels.empty());
  EXPECT_EQ(parsed->pod.owner, std::nullopt);
  EXPECT_EQ(parsed->pod.start_time, std::nullopt);
  EXPECT_THAT(parsed->pod.containers, ElementsAre(Container{.name = "x"}));
}

TEST(PodJsonTest, APodIsBounded) {
  std::string containers;
  std::string annotations;
  for (int i = 0; i < 500; ++i) {
    containers += (i == 0 ? "" : ",") + std::string(R"({"name": "c)") + std::to_string(i) + "\"}";
    annotations +=
        (i == 0 ? "" : ",") + std::string(R"("resource.opentelemetry.io/k)") + std::to_string(i) + "\": \"v\"";
  }
  const absl::StatusOr<ApiPod> parsed =
      ParsePod(R"({"metadata": {"name": "a", "namespace": "b", "uid": "c", "annotations": {)" + annotations +
                   R"(}, "labels": {"team": ")" + std::string(5000, 'x') + R"("}}, "spec": {"containers": [)" +
                   containers + "]}}",
               kFilter);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->pod.containers.size(), kMaxContainersPerPod);
  EXPECT_EQ(parsed->pod.annotations.size(), kMaxAnnotationsPerPod);
  EXPECT_TRUE(parsed->pod.labels.empty());
}

TEST(PodJsonTest, EventsOfAWatch) {
  const auto parse = [](const std::string& line) { return ParsePodEvent(line, kFilter); };
  const std::string pod = DeploymentPod();
  for (const char* type : {"ADDED", "MODIFIED"}) {
    const auto event = parse(R"({"type": ")" + std::string(type) + R"(", "object": )" + pod + "}");
    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_EQ(event->event.type, WatchEvent::Type::kPut);
    EXPECT_EQ(event->event.resource_version, "4711");
    EXPECT_EQ(event->pod->pod, ParsePod(pod, kFilter)->pod);
  }
  EXPECT_EQ(parse(R"({"type": "DELETED", "object": )" + pod + "}")->event.type, WatchEvent::Type::kDeleted);
  const auto bookmark =
      parse(R"({"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"5000"},"spec":{}}})");
  ASSERT_TRUE(bookmark.ok());
  EXPECT_EQ(bookmark->event.type, WatchEvent::Type::kBookmark);
  EXPECT_EQ(bookmark->event.resource_version, "5000");
  EXPECT_FALSE(bookmark->pod.has_value());
  const auto gone = parse(
      R"({"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"too old","reason":"Expired","code":410}})");
  ASSERT_TRUE(gone.ok());
  EXPECT_EQ(gone->event.type, WatchEvent::Type::kError);
  EXPECT_EQ(gone->event.code, 410);
  EXPECT_EQ(gone->event.message, "too old");
}

TEST(PodJsonTest, WhatIsNoEventIsRefused) {
  for (const char* line : {"", "{", "[]", R"({"type": "FUTURE", "object": {}})", R"({"type": "ADDED"})",
                           R"({"type": "ADDED", "object": {"metadata": {}}})", R"({"type": 5})"}) {
    EXPECT_EQ(ParsePodEvent(line, kFilter).status().code(), absl::StatusCode::kDataLoss) << line;
  }
}

TEST(PodJsonTest, VersionOfAList) {
  EXPECT_EQ(ParseListVersion(R"({"resourceVersion": "12", "remainingItemCount": 1})"), "12");
  EXPECT_EQ(ParseListVersion("{}"), "");
  EXPECT_EQ(ParseListVersion("{"), "");
}

}  // namespace
}  // namespace nodespan::k8s
