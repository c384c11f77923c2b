// SPDX-License-Identifier: Apache-2.0
#include "k8s/cgroup.h"

#include "fmt/format.h"
#include "gtest/gtest.h"

namespace nodespan::k8s {
namespace {

const std::string kId(64, 'a');
const std::string kNodeId(64, 'b');
const std::string kUid = "01234567-89ab-cdef-0123-456789abcdef";
const std::string kSystemdUid = "01234567_89ab_cdef_0123_456789abcdef";
const std::string kStaticUid = "0123456789abcdef0123456789abcdef";

const CgroupContainer kInPod = {kId, kUid};
const CgroupContainer kWithoutPod = {kId, ""};

std::optional<CgroupContainer> ParsePath(const std::string& path) { return ParseCgroup(fmt::format("0::{}\n", path)); }

TEST(CgroupTest, SystemdDriver) {
  for (const std::string qos : {"burstable", "besteffort"}) {
    const std::string slice =
        fmt::format("/kubepods.slice/kubepods-{0}.slice/kubepods-{0}-pod{1}.slice", qos, kSystemdUid);
    EXPECT_EQ(ParsePath(slice + "/cri-containerd-" + kId + ".scope"), kInPod);
    EXPECT_EQ(ParsePath(slice + "/crio-" + kId + ".scope"), kInPod);
    EXPECT_EQ(ParsePath(slice + "/crio-" + kId + ".scope/container"), kInPod);
    EXPECT_EQ(ParsePath(slice + "/docker-" + kId + ".scope"), kInPod);
    EXPECT_EQ(ParsePath(slice), std::nullopt);
  }
  EXPECT_EQ(ParsePath("/kubepods.slice/kubepods-pod" + kSystemdUid + ".slice/cri-containerd-" + kId + ".scope"),
            kInPod);
}

TEST(CgroupTest, CgroupfsDriver) {
  EXPECT_EQ(ParsePath("/kubepods/burstable/pod" + kUid + "/" + kId), kInPod);
  EXPECT_EQ(ParsePath("/kubepods/besteffort/pod" + kUid + "/crio-" + kId), kInPod);
  EXPECT_EQ(ParsePath("/kubepods/pod" + kUid + "/" + kId), kInPod);
  EXPECT_EQ(ParsePath("/kubepods/pod" + kStaticUid + "/" + kId), (CgroupContainer{kId, kStaticUid}));
}

TEST(CgroupTest, DriversOfKubeletAndRuntimeDiffer) {
  EXPECT_EQ(ParsePath("/system.slice/containerd.service/kubepods-burstable-pod" + kSystemdUid +
                      ".slice:cri-containerd:" + kId),
            kInPod);
}

TEST(CgroupTest, OwnRootAndChildrenOfTheContainer) {
  EXPECT_EQ(ParsePath("/my/root/kubepods/pod" + kUid + "/" + kId), kInPod);
  EXPECT_EQ(ParsePath("/kubepods/pod" + kUid + "/" + kId + "/init"), kInPod);
  EXPECT_EQ(ParsePath("/kubepods/pod" + kUid + "/" + kId + "/init.scope/app"), kInPod);
}

TEST(CgroupTest, OfNestedContainersTheInnermostCounts) {
  EXPECT_EQ(ParsePath("/system.slice/docker-" + kNodeId +
                      ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
                      "kubelet-kubepods-burstable-pod" +
                      kSystemdUid + ".slice/cri-containerd-" + kId + ".scope"),
            kInPod);
  EXPECT_EQ(ParsePath("/docker/" + kNodeId + "/kubepods/burstable/pod" + kUid + "/" + kId), kInPod);
  // The node itself, which is a container as well, and a pod in it without a container.
  EXPECT_EQ(ParsePath("/docker/" + kNodeId + "/system.slice/kubelet.service"), (CgroupContainer{kNodeId, ""}));
  EXPECT_EQ(ParsePath("/docker/" + kNodeId + "/kubepods/burstable/pod" + kUid), std::nullopt);
}

TEST(CgroupTest, OutsideKubernetes) {
  EXPECT_EQ(ParsePath("/docker/" + kId), kWithoutPod);
  EXPECT_EQ(ParsePath("/system.slice/docker-" + kId + ".scope"), kWithoutPod);
  EXPECT_EQ(ParsePath("/machine.slice/libpod-" + kId + ".scope"), kWithoutPod);
  EXPECT_EQ(ParsePath("/k8s.io/" + kId), kWithoutPod);
}

TEST(CgroupTest, RelativeToTheCgroupNamespaceOfTheReader) {
  EXPECT_EQ(ParsePath("/../../kubepods-besteffort-pod" + kSystemdUid + ".slice/cri-containerd-" + kId + ".scope"),
            kInPod);
  EXPECT_EQ(ParsePath("/../cri-containerd-" + kId + ".scope"), kWithoutPod);
  EXPECT_EQ(ParsePath("/../../pod" + kUid + "/" + kId), kInPod);
}

TEST(CgroupTest, WhatWatchesOverAContainerIsNotInIt) {
  EXPECT_EQ(ParsePath("/kubepods.slice/kubepods-pod" + kSystemdUid + ".slice/crio-conmon-" + kId + ".scope"),
            std::nullopt);
  EXPECT_EQ(ParsePath("/machine.slice/libpod-conmon-" + kId + ".scope"), std::nullopt);
}

TEST(CgroupTest, WhatOnlyLooksLikeAnId) {
  EXPECT_EQ(ParsePath("/"), std::nullopt);
  EXPECT_EQ(ParsePath("/user.slice/user-0.slice"), std::nullopt);
  EXPECT_EQ(ParsePath("/docker/" + kId + "0"), std::nullopt);
  EXPECT_EQ(ParsePath("/docker/x" + kId), std::nullopt);
  EXPECT_EQ(ParsePath("/docker/" + std::string(64, 'A')), std::nullopt);
  EXPECT_EQ(ParsePath("/pod" + kUid + "0/" + kId), kWithoutPod);
  EXPECT_EQ(ParsePath("/pod" + kStaticUid + "0/" + kId), kWithoutPod);
}

TEST(CgroupTest, Version1HasALineForEachController) {
  const std::string text = fmt::format(
      "12:pids:/other/{1}\n11:cpu,cpuacct:/other/{1}\n4:memory:/other/{1}\n1:name=systemd:/kubepods/pod{0}/{2}\n0::/\n",
      kUid, kNodeId, kId);
  EXPECT_EQ(ParseCgroup(text), kInPod);
  EXPECT_EQ(ParseCgroup(fmt::format("9:devices:/docker/{}\n3:cpu,cpuacct:/kubepods/pod{}/{}\n", kNodeId, kUid, kId)),
            kInPod);
  EXPECT_EQ(ParseCgroup(fmt::format("3:freezer:/kubepods/pod{}/{}\n0::/\n", kUid, kId)), kInPod);
  // Hybrid: both show the container.
  EXPECT_EQ(ParseCgroup(fmt::format("1:name=systemd:/docker/{}\n0::/kubepods/pod{}/{}\n", kNodeId, kUid, kId)), kInPod);
}

TEST(CgroupTest, AnyBytesAreFine) {
  EXPECT_EQ(ParseCgroup(""), std::nullopt);
  EXPECT_EQ(ParseCgroup("\n\n::\n:\nabc"), std::nullopt);
  EXPECT_EQ(ParseCgroup(std::string(10, '\0')), std::nullopt);
  EXPECT_EQ(ParseCgroup("0::/pod"), std::nullopt);
  EXPECT_EQ(ParseCgroup("0::/" + kId), kWithoutPod);  // no line break at the end
}

}  // namespace
}  // namespace nodespan::k8s
