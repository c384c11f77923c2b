// SPDX-License-Identifier: Apache-2.0
// From /proc/PID/cgroup to the container and the pod that a process belongs to (SPEC section 5.5): cgroup v1 and v2,
// the systemd and the cgroupfs driver, containerd, CRI-O, Docker and Podman, nodes that are containers themselves
// (kind), and paths that are printed relative to a cgroup namespace. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nodespan::k8s {

struct CgroupContainer {
  std::string container_id;  // 64 lower-case hexadecimal digits
  // As the kubelet names it: 36 characters with dashes, 32 without for static pods. Empty: the path does not say it,
  // which is so outside Kubernetes and within a cgroup namespace.
  std::string pod_uid;

  bool operator==(const CgroupContainer&) const = default;
};

// `text` is the whole file, any bytes. Nothing: the process is in no container (or in the pod's own cgroup, as the
// monitors of CRI-O are). Of nested containers the innermost counts.
std::optional<CgroupContainer> ParseCgroup(std::string_view text);

}  // namespace nodespan::k8s
