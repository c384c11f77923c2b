// SPDX-License-Identifier: Apache-2.0
#include "k8s/identity.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "k8s/image_reference.h"
#include "k8s/instrumentation.h"
#include "k8s/test_container_id.h"

namespace nodespan::k8s {
namespace {

using ::testing::ElementsAre;
using testing::kContainerId;
using ::testing::Pair;

std::shared_ptr<Pod> ShopPod() {
  auto pod = std::make_shared<Pod>();
  pod->uid = "u-1";
  pod->name = "shop-6d4cf56db6-x7k2p";
  pod->namespace_name = "store";
  pod->node_name = "node-1";
  pod->ip = "10.1.2.3";
  pod->start_time = absl::FromUnixSeconds(1'700'000'000);
  pod->has_owners = true;
  pod->owner = Owner{"ReplicaSet", "shop-6d4cf56db6", "rs-uid"};
  pod->labels = {{"pod-template-hash", "6d4cf56db6"},
                 {"app.kubernetes.io/instance", "by-instance"},
                 {"app.kubernetes.io/name", "by-name"},
                 {"app.kubernetes.io/version", "9"}};
  pod->containers = {{.name = "web",
                      .id = kContainerId,
                      .runtime = "containerd",
                      .image = "registry:5000/team/shop:1.2",
                      .image_id = "registry:5000/team/shop@sha256:beef",
                      .restart_count = 3}};
  return pod;
}

std::map<std::string, model::AttributeValue> Detected(const Pod& pod, const IdentityOptions& options = {},
                                                      bool has_container = true) {
  const auto shared = std::make_shared<const Pod>(pod);
  std::map<std::string, model::AttributeValue> map;
  for (const auto& [key, value] :
       DescribeWorkload({shared, has_container ? &shared->containers.front() : nullptr}, kContainerId, options)
           .detected) {
    EXPECT_TRUE(map.emplace(key, value).second) << key;
  }
  return map;
}

std::string ServiceName(const Pod& pod, bool uses_labels = false) {
  return DescribeWorkload({std::make_shared<const Pod>(pod), nullptr}, kContainerId, {.uses_labels = uses_labels})
      .service_name;
}

TEST(IdentityTest, HasEverythingThatIsKnown) {
  using Texts = std::vector<std::string>;
  const std::map<std::string, model::AttributeValue> expected = {
      {"service.namespace", std::string("store")},
      {"service.version", std::string("1.2")},
      {"service.instance.id", std::string("store.shop-6d4cf56db6-x7k2p.web")},
      {"k8s.namespace.name", std::string("store")},
      {"k8s.pod.name", std::string("shop-6d4cf56db6-x7k2p")},
      {"k8s.pod.uid", std::string("u-1")},
      {"k8s.pod.ip", std::string("10.1.2.3")},
      {"k8s.pod.start_time", std::string("2023-11-14T22:13:20Z")},
      {"k8s.node.name", std::string("node-1")},
      {"k8s.deployment.name", std::string("shop")},
      {"k8s.replicaset.name", std::string("shop-6d4cf56db6")},
      {"k8s.replicaset.uid", std::string("rs-uid")},
      {"k8s.container.name", std::string("web")},
      {"k8s.container.restart_count", int64_t{3}},
      {"container.id", kContainerId},
      {"container.name", std::string("web")},
      {"container.runtime.name", std::string("containerd")},
      {"container.image.name", std::string("registry:5000/team/shop")},
      {"container.image.tags", Texts{"1.2"}},
      {"container.image.repo_digests", Texts{"registry:5000/team/shop@sha256:beef"}},
  };
  EXPECT_EQ(Detected(*ShopPod()), expected);
}

TEST(IdentityTest, LeavesOutWhatIsNotKnown) {
  Pod pod;
  pod.uid = "u";
  pod.name = "naked";
  pod.namespace_name = "default";
  const std::map<std::string, model::AttributeValue> expected = {
      {"service.namespace", std::string("default")}, {"k8s.namespace.name", std::string("default")},
      {"k8s.pod.name", std::string("naked")},        {"k8s.pod.uid", std::string("u")},
      {"k8s.node.name", std::string("given")},       {"container.id", kContainerId},
  };
  EXPECT_EQ(Detected(pod, {.node_name = "given"}, /*has_container=*/false), expected);
}

TEST(IdentityTest, ServiceNameFollowsThePrecedence) {
  Pod pod = *ShopPod();
  pod.annotations = {{"resource.opentelemetry.io/service.name", "annotated"}};
  EXPECT_EQ(ServiceName(pod, true), "annotated");
  pod.annotations.clear();
  EXPECT_EQ(ServiceName(pod, true), "by-instance");
  pod.labels.erase("app.kubernetes.io/instance");
  EXPECT_EQ(ServiceName(pod, true), "by-name");
  EXPECT_EQ(ServiceName(pod, false), "shop");
  pod.labels.clear();
  EXPECT_EQ(ServiceName(pod), "shop-6d4cf56db6");
  pod.owner.reset();
  EXPECT_EQ(ServiceName(pod), "shop-6d4cf56db6-x7k2p");
}

TEST(IdentityTest, AnnotationsState) {
  Pod pod = *ShopPod();
  pod.annotations = {{"resource.opentelemetry.io/service.name", "annotated"},
                     {"resource.opentelemetry.io/service.version", "7"},
                     {"resource.opentelemetry.io/", "nameless"},
                     {"instrumentation.opentelemetry.io/inject-go", "true"}};
  EXPECT_THAT(DescribeWorkload({std::make_shared<const Pod>(pod), nullptr}, kContainerId, {}).stated,
              ElementsAre(Pair("service.version", "7")));
}

TEST(IdentityTest, VersionComesFromTheLabelOnRequestElseFromTheImage) {
  Pod pod = *ShopPod();
  const auto version = [&pod](bool uses_labels) {
    return Detected(pod, {.uses_labels = uses_labels})["service.version"];
  };
  EXPECT_EQ(version(true), model::AttributeValue(std::string("9")));
  pod.containers[0].image = "shop:1.2@sha256:beef";
  EXPECT_EQ(version(false), model::AttributeValue(std::string("1.2@sha256:beef")));
  pod.containers[0].image = "sha256:beef";
  EXPECT_FALSE(Detected(pod).contains("service.version"));
}

TEST(IdentityTest, ASecondProcessOfAContainerIsAnotherInstance) {
  EXPECT_EQ(Detected(*ShopPod(), {.instance_suffix = "17"})["service.instance.id"],
            model::AttributeValue(std::string("store.shop-6d4cf56db6-x7k2p.web.17")));
}

TEST(IdentityTest, TheIdOfAnImageIsNotADigestOfARepository) {
  Pod pod = *ShopPod();
  pod.containers[0].image_id = "sha256:beef";
  const auto detected = Detected(pod);
  EXPECT_EQ(detected.at("container.image.id"), model::AttributeValue(std::string("sha256:beef")));
  EXPECT_FALSE(detected.contains("container.image.repo_digests"));
}

TEST(ImageReferenceTest, Parts) {
  EXPECT_EQ(ParseImageReference("shop"), (ImageReference{"shop", "", ""}));
  EXPECT_EQ(ParseImageReference("shop:1"), (ImageReference{"shop", "1", ""}));
  EXPECT_EQ(ParseImageReference("host:5000/shop"), (ImageReference{"host:5000/shop", "", ""}));
  EXPECT_EQ(ParseImageReference("host:5000/a/shop:1@sha256:x"), (ImageReference{"host:5000/a/shop", "1", "sha256:x"}));
  EXPECT_EQ(ParseImageReference("sha256:x"), (ImageReference{"", "", "sha256:x"}));
  EXPECT_EQ(ParseImageReference("docker-pullable://shop@sha256:x"), (ImageReference{"shop", "", "sha256:x"}));
  EXPECT_EQ(ParseImageReference(""), (ImageReference{"", "", ""}));
  EXPECT_EQ(ParseImageReference("shop:1@sha256:x").Version(), "1@sha256:x");
  EXPECT_EQ(ParseImageReference("shop@sha256:x").Version(), "sha256:x");
  EXPECT_EQ(ParseImageReference("shop").Version(), "");
}

TEST(IdentityTest, TheInstrumentationOfAPodSaysWhetherLabelsCountAndAddsAttributes) {
  Pod pod = *ShopPod();
  Instrumentation instrumentation = {
      .namespace_name = "store", .name = "go", .environments = {}, .resource_attributes = {{"team", "a"}}};
  const auto describe = [&](bool uses_labels) {
    pod.instrumentation = std::make_shared<const Instrumentation>(instrumentation);
    return DescribeWorkload({std::make_shared<const Pod>(pod), nullptr}, kContainerId, {.uses_labels = uses_labels});
  };
  EXPECT_THAT(describe(false).defaults, ElementsAre(Pair("team", "a")));
  EXPECT_EQ(describe(false).service_name, "shop");
  EXPECT_EQ(describe(true).service_name, "by-instance");
  instrumentation.uses_labels = true;
  EXPECT_EQ(describe(false).service_name, "by-instance");
  instrumentation.uses_labels = false;
  EXPECT_EQ(describe(true).service_name, "shop");
}

}  // namespace
}  // namespace nodespan::k8s
