// SPDX-License-Identifier: Apache-2.0
// The pods of this node at one moment. Immutable and shared; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "k8s/cgroup.h"
#include "k8s/pod.h"

namespace nodespan::k8s {

class PodSnapshot {
 public:
  PodSnapshot() = default;
  // Of two pods with one uid the last counts.
  explicit PodSnapshot(std::vector<std::shared_ptr<const Pod>> pods);
  PodSnapshot(const PodSnapshot&) = delete;
  PodSnapshot& operator=(const PodSnapshot&) = delete;

  const std::vector<std::shared_ptr<const Pod>>& pods() const { return pods_; }

  // The pod and container of a process. A null pod: not known (yet). A null container: the pod is known by its uid, and
  // none of its containers has this id yet. Only where that cannot be another one that is still to come, a pod's single
  // container is taken to be it.
  // When pods claim one container id, the one with the uid of the cgroup has it, else the one that comes first here.
  ContainerRef Find(const CgroupContainer& process) const;

 private:
  std::vector<std::shared_ptr<const Pod>> pods_;     // by uid
  absl::flat_hash_map<std::string, size_t> by_uid_;  // also by config_hash
  absl::flat_hash_map<std::string, size_t> by_container_id_;
};

}  // namespace nodespan::k8s
