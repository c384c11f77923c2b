// SPDX-License-Identifier: Apache-2.0
#include "k8s/cgroup.h"

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "k8s/test_container_id.h"

namespace nodespan::k8s {
namespace {

using testing::kContainerId;

const std::string kNodeId(64, 'b');
const std::string kUid = "01234567-89ab-cdef-0123-456789abcdef";
const std::string kSystemdUid = "01234567_89ab_cdef_0123_456789abcdef";
const std::string kStaticUid = "0123456789abcdef0123456789abcdef";

const CgroupContainer kInPod = {kContainerId, kUid};
const CgroupContainer kWithoutPod = {kContainerId, ""};

std::optional<CgroupContainer> ParsePath(const std::string& path) { return ParseCgroup(fmt::format("0::{}\n", path)); }

TEST(CgroupTest, SystemdDriver) {
  for (const std::string qos : {"burstable", "besteffort"}) {
    const std::string slice =
        fmt::format("/kubepods.slice/kubepods-{0}.slice/kubepods-{0}-pod{1}.slice", qos, kSystemdUid);
    EXPECT_EQ(ParsePath(slice + "/cri-containerd-" + kContainerId + ".scope"), kInPod);
    EXPECT_EQ(ParsePath(slice + "/crio-" + kContainerId + ".scope"), kInPod);
    EXPECT_EQ(ParsePath(slice + "/crio-" + kContainerId + ".scope/container"), kInPod);
    EXPECT_EQ(ParsePath(slice + "/docker-" + kContainerId + ".scope"), kInPod);
    EXPECT_EQ(ParsePath(slice), std::nullopt);
  }
  EXPECT_EQ(
      ParsePath("/kubepods.slice/kubepods-pod" + kSystemdUid + ".slice/cri-containerd-" + kContainerId + ".scope"),
      kInPod);
}

TEST(CgroupTest, CgroupfsDriver) {
  EXPECT_EQ(ParsePath("/kubepods/burstable/pod" + kUid + "/" + kContainerId), kInPod);
  EXPECT_EQ(ParsePath("/kubepods/besteffort/pod" + kUid + "/crio-" + kContainerId), kInPod);
  EXPECT_EQ(ParsePath("/kubepods/pod" + kUid + "/" + kContainerId), kInPod);
  EXPECT_EQ(ParsePath("/kubepods/pod" + kStaticUid + "/" + kContainerId), (CgroupContainer{kContainerId, kStaticUid}));
}

TEST(CgroupTest, DriversOfKubeletAndRuntimeDiffer) {
  EXPECT_EQ(ParsePath("/system.slice/containerd.service/kubepods-burstable-pod" + kSystemdUid +
                      ".slice:cri-containerd:" + kContainerId),
            kInPod);
}

TEST(CgroupTest, OwnRootAndChildrenOfTheContainer) {
  EXPECT_EQ(ParsePath("/my/root/kubepods/pod" + kUid + "/" + kContainerId), kInPod);
  EXPECT_EQ(ParsePath("/kubepods/pod" + kUid + "/" + kContainerId + "/init"), kInPod);
  EXPECT_EQ(ParsePath("/kubepods/pod" + kUid + "/" + kContainerId + "/init.scope/app"), kInPod);
}

TEST(CgroupTest, OfNestedContainersTheInnermostCounts) {
  EXPECT_EQ(ParsePath("/system.slice/docker-" + kNodeId +
                      ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
                      "kubelet-kubepods-burstable-pod" +
                      kSystemdUid + ".slice/cri-containerd-" + kContainerId + ".scope"),
            kInPod);
  EXPECT_EQ(ParsePath("/docker/" + kNodeId + "/kubepods/burstable/pod" + kUid + "/" + kContainerId), kInPod);
  // The node itself, which is a container as well, and a pod in it without a container.
  EXPECT_EQ(ParsePath("/docker/" + kNodeId + "/system.slice/kubelet.service"), (CgroupContainer{kNodeId, ""}));
  EXPECT_EQ(ParsePath("/docker/" + kNodeId + "/kubepods/burstable/pod" + kUid), std::nullopt);
}

TEST(CgroupTest, OutsideKubernetes) {
  EXPECT_EQ(ParsePath("/docker/" + kContainerId), kWithoutPod);
  EXPECT_EQ(ParsePath("/system.slice/docker-" + kContainerId + ".scope"), kWithoutPod);
  EXPECT_EQ(ParsePath("/machine.slice/libpod-" + kContainerId + ".scope"), kWithoutPod);
  EXPECT_EQ(ParsePath("/k8s.io/" + kContainerId), kWithoutPod);
}

TEST(CgroupTest, RelativeToTheCgroupNamespaceOfTheReader) {
  EXPECT_EQ(
      ParsePath("/../../kubepods-besteffort-pod" + kSystemdUid + ".slice/cri-containerd-" + kContainerId + ".scope"),
      kInPod);
  EXPECT_EQ(ParsePath("/../cri-containerd-" + kContainerId + ".scope"), kWithoutPod);
  EXPECT_EQ(ParsePath("/../../pod" + kUid + "/" + kContainerId), kInPod);
}

TEST(CgroupTest, WhatWatchesOverAContainerIsNotInIt) {
  EXPECT_EQ(ParsePath("/kubepods.slice/kubepods-pod" + kSystemdUid + ".slice/crio-conmon-" + kContainerId + ".scope"),
            std::nullopt);
  EXPECT_EQ(ParsePath("/machine.slice/libpod-conmon-" + kContainerId + ".scope"), std::nullopt);
}

TEST(CgroupTest, WhatOnlyLooksLikeAnId) {
  EXPECT_EQ(ParsePath("/"), std::nullopt);
  EXPECT_EQ(ParsePath("/user.slice/user-0.slice"), std::nullopt);
  EXPECT_EQ(ParsePath("/docker/" + kContainerId + "0"), std::nullopt);
  EXPECT_EQ(ParsePath("/docker/x" + kContainerId), std::nullopt);
  EXPECT_EQ(ParsePath("/docker/" + std::string(64, 'A')), std::nullopt);
  EXPECT_EQ(ParsePath("/pod" + kUid + "0/" + kContainerId), kWithoutPod);
  EXPECT_EQ(ParsePath("/pod" + kStaticUid + "0/" + kContainerId), kWithoutPod);
}

TEST(CgroupTest, Version1HasALineForEachController) {
  const std::string text = fmt::format(
      "12:pids:/other/{1}\n11:cpu,cpuacct:/other/{1}\n4:memory:/other/{1}\n1:name=systemd:/kubepods/pod{0}/{2}\n0::/\n",
      kUid, kNodeId, kContainerId);
  EXPECT_EQ(ParseCgroup(text), kInPod);
  EXPECT_EQ(
      ParseCgroup(fmt::format("9:devices:/docker/{}\n3:cpu,cpuacct:/kubepods/pod{}/{}\n", kNodeId, kUid, kContainerId)),
      kInPod);
  EXPECT_EQ(ParseCgroup(fmt::format("3:freezer:/kubepods/pod{}/{}\n0::/\n", kUid, kContainerId)), kInPod);
  // Hybrid: both show the container.
  EXPECT_EQ(ParseCgroup(fmt::format("1:name=systemd:/docker/{}\n0::/kubepods/pod{}/{}\n", kNodeId, kUid, kContainerId)),
            kInPod);
}

TEST(CgroupTest, AnyBytesAreFine) {
  EXPECT_EQ(ParseCgroup(""), std::nullopt);
  EXPECT_EQ(ParseCgroup("\n\n::\n:\nabc"), std::nullopt);
  EXPECT_EQ(ParseCgroup(std::string(10, '\0')), std::nullopt);
  EXPECT_EQ(ParseCgroup("0::/pod"), std::nullopt);
  EXPECT_EQ(ParseCgroup("0::/" + kContainerId), kWithoutPod);  // no line break at the end
}

}  // namespace
}  // namespace nodespan::k8s
