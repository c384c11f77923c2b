// SPDX-License-Identifier: Apache-2.0
#include "k8s/pod_snapshot.h"

#include <algorithm>
#include <utility>

namespace nodespan::k8s {
namespace {

const Container* FindContainer(const Pod& pod, const std::string& id) {
  const auto found = std::find_if(pod.containers.begin(), pod.containers.end(),
                                  [&id](const Container& container) { return container.id == id; });
  return found == pod.containers.end() ? nullptr : &*found;
}

}  // namespace

PodSnapshot::PodSnapshot(std::vector<std::shared_ptr<const Pod>> pods) : pods_(std::move(pods)) {
  std::stable_sort(pods_.begin(), pods_.end(), [](const auto& a, const auto& b) { return a->uid < b->uid; });
  for (size_t i = 0; i < pods_.size(); ++i) {
    const Pod& pod = *pods_[i];
    by_uid_[pod.uid] = i;
    if (!pod.config_hash.empty()) {
      by_uid_.try_emplace(pod.config_hash, i);
    }
    for (const Container& container : pod.containers) {
      if (!container.id.empty()) {
        by_container_id_.try_emplace(container.id, i);
      }
    }
  }
}

ContainerRef PodSnapshot::Find(const CgroupContainer& process) const {
  std::shared_ptr<const Pod> pod;
  if (const auto found = by_uid_.find(process.pod_uid); found != by_uid_.end()) {
    pod = pods_[found->second];
    if (const Container* container = FindContainer(*pod, process.container_id); container != nullptr) {
      return {std::move(pod), container};
    }
  }
  if (const auto found = by_container_id_.find(process.container_id); found != by_container_id_.end() && !pod) {
    pod = pods_[found->second];
    const Container* container = FindContainer(*pod, process.container_id);
    return {std::move(pod), container};
  }
  if (pod && pod->has_all_containers && pod->containers.size() == 1) {
    const Container* container = &pod->containers.front();
    return {std::move(pod), container};
  }
  return {std::move(pod), nullptr};
}

}  // namespace nodespan::k8s
