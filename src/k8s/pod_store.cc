// SPDX-License-Identifier: Apache-2.0
#include "k8s/pod_store.h"

#include <set>
#include <utility>

namespace nodespan::k8s {

PodStore::PodStore(metrics::Counters* counters, PodsChanged on_change)
    : counters_(counters), on_change_(std::move(on_change)) {}

void PodStore::ReplaceAll(std::vector<Pod> pods) {
  std::set<std::string> present;
  for (const Pod& pod : pods) {
    present.insert(pod.uid);
  }
  bool changed = false;
  {
    absl::MutexLock lock(&mutex_);
    // First what goes, so that there is room for what comes.
    for (auto it = pods_.begin(); it != pods_.end();) {
      const std::string uid = (it++)->first;
      changed |= !present.contains(uid) && Erase(uid);
    }
    for (Pod& pod : pods) {
      changed |= Insert(std::move(pod));
    }
    changed |= !is_synced_;
    is_synced_ = true;
  }
  if (changed) {
    Tell();
  }
}

void PodStore::Put(Pod pod) {
  absl::ReleasableMutexLock lock(&mutex_);
  const bool changed = Insert(std::move(pod));
  lock.Release();
  if (changed) {
    Tell();
  }
}

void PodStore::Remove(const std::string& uid) {
  absl::ReleasableMutexLock lock(&mutex_);
  const bool changed = Erase(uid);
  lock.Release();
  if (changed) {
    Tell();
  }
}

void PodStore::ReplaceNamespaces(NamespaceAnnotations namespaces) {
  absl::ReleasableMutexLock lock(&mutex_);
  namespaces_ = std::move(namespaces);
  const bool changed = FollowNamespaces();
  lock.Release();
  if (changed) {
    Tell();
  }
}

void PodStore::PutNamespace(const Namespace& space) {
  absl::ReleasableMutexLock lock(&mutex_);
  if (!namespaces_.Set(space)) {
    counters_->Add(metrics::Counter::kNamespacesLeftOut);
  }
  const bool changed = FollowNamespaces();
  lock.Release();
  if (changed) {
    Tell();
  }
}

bool PodStore::FollowNamespaces() {
  std::vector<Pod> outdated;
  for (const auto& [uid, entry] : pods_) {
    if (entry.pod->namespace_inject_go != namespaces_.Find(entry.pod->namespace_name)) {
      outdated.push_back(*entry.pod);
    }
  }
  for (Pod& pod : outdated) {
    (void)Insert(std::move(pod));
  }
  return !outdated.empty();
}

bool PodStore::Insert(Pod pod) {
  pod.namespace_inject_go = namespaces_.Find(pod.namespace_name);
  const auto known = pods_.find(pod.uid);
  if (known != pods_.end() && *known->second.pod == pod) {
    return false;
  }
  const bool was_known = known != pods_.end() && Erase(pod.uid);
  const size_t bytes = EstimateBytes(pod);
  if (pods_.size() >= kMaxPods || bytes_ + bytes > kMaxBytes) {
    counters_->Add(metrics::Counter::kPodsLeftOut);
    return was_known;
  }
  bytes_ += bytes;
  std::string uid = pod.uid;
  pods_[std::move(uid)] = {std::make_shared<const Pod>(std::move(pod)), bytes};
  snapshot_.reset();
  return true;
}

bool PodStore::Erase(const std::string& uid) {
  const auto node = pods_.extract(uid);
  if (node.empty()) {
    return false;
  }
  bytes_ -= node.mapped().bytes;
  snapshot_.reset();
  return true;
}

void PodStore::Tell() const {
  if (on_change_) {
    on_change_();
  }
}

std::shared_ptr<const PodSnapshot> PodStore::snapshot() const {
  absl::MutexLock lock(&mutex_);
  if (snapshot_ == nullptr) {
    std::vector<std::shared_ptr<const Pod>> pods;
    pods.reserve(pods_.size());
    for (const auto& [uid, entry] : pods_) {
      pods.push_back(entry.pod);
    }
    snapshot_ = std::make_shared<const PodSnapshot>(std::move(pods));
  }
  return snapshot_;
}

bool PodStore::is_synced() const {
  absl::MutexLock lock(&mutex_);
  return is_synced_;
}

}  // namespace nodespan::k8s
