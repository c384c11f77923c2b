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

template <typename Change>
void PodStore::ChangeSurroundings(const Change& change) {
  absl::ReleasableMutexLock lock(&mutex_);
  change(surroundings_);
  const bool changed = FollowSurroundings();
  lock.Release();
  if (changed) {
    Tell();
  }
}

void PodStore::AwaitNamespaces() {
  ChangeSurroundings(
      [](PodSurroundings& beside) { beside.namespaces.knowledge = PodSurroundings::Knowledge::kAwaited; });
}

void PodStore::AwaitInstrumentations() {
  ChangeSurroundings(
      [](PodSurroundings& beside) { beside.instrumentations.knowledge = PodSurroundings::Knowledge::kAwaited; });
}

void PodStore::RefuseNamespaces() {
  ChangeSurroundings([](PodSurroundings& beside) { beside.namespaces.Refuse(); });
}

void PodStore::RefuseInstrumentations() {
  ChangeSurroundings([](PodSurroundings& beside) { beside.instrumentations.Refuse(); });
}

void PodStore::ReplaceNamespaces(NamespaceAnnotations namespaces) {
  ChangeSurroundings([&](PodSurroundings& beside) {
    beside.namespaces = {std::move(namespaces), PodSurroundings::Knowledge::kKnown};
  });
}

void PodStore::ReplaceInstrumentations(Instrumentations instrumentations) {
  ChangeSurroundings([&](PodSurroundings& beside) {
    instrumentations.ShareWith(beside.instrumentations.objects);
    beside.instrumentations = {std::move(instrumentations), PodSurroundings::Knowledge::kKnown};
  });
}

void PodStore::PutNamespace(const Namespace& space) {
  ChangeSurroundings([&](PodSurroundings& beside) {
    if (!beside.namespaces.objects.Set(space)) {
      counters_->Add(metrics::Counter::kNamespacesLeftOut);
    }
  });
}

void PodStore::PutInstrumentation(Instrumentation instrumentation) {
  ChangeSurroundings([&](PodSurroundings& beside) {
    if (!beside.instrumentations.objects.Set(std::move(instrumentation))) {
      counters_->Add(metrics::Counter::kInstrumentationsLeftOut);
    }
  });
}

void PodStore::RemoveInstrumentation(const Instrumentation& instrumentation) {
  ChangeSurroundings([&](PodSurroundings& beside) {
    beside.instrumentations.objects.Remove(instrumentation.namespace_name, instrumentation.name);
  });
}

bool PodStore::FollowSurroundings() {
  std::vector<Pod> outdated;
  for (const auto& [uid, entry] : pods_) {
    if (!surroundings_.IsCurrent(*entry.pod)) {
      outdated.push_back(*entry.pod);
    }
  }
  for (Pod& pod : outdated) {
    (void)Insert(std::move(pod));
  }
  return !outdated.empty();
}

bool PodStore::Insert(Pod pod) {
  surroundings_.FillIn(pod);
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
