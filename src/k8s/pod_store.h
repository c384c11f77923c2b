// SPDX-License-Identifier: Apache-2.0
// PodStore is what a PodSource writes and everybody else reads: the current snapshot, within a bound of memory.
//
// Thread: all methods from any thread; the writing ones are called by the source. A snapshot is made when somebody
// wants one, so that many changes in a short time cost one. Memory: at most kMaxPods pods and kMaxBytes of them (a
// usual pod takes 1 to 2 kB), and what NamespaceAnnotations and Instrumentations take; what is beyond is left out and
// counted as kPodsLeftOut, kNamespacesLeftOut or kInstrumentationsLeftOut, and found again when others go and it is
// told again. A changed snapshot shares the pods that did not change.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "k8s/instrumentation.h"
#include "k8s/instrumentations.h"
#include "k8s/namespace_annotations.h"
#include "k8s/pod.h"
#include "k8s/pod_snapshot.h"
#include "k8s/pod_source.h"
#include "k8s/pod_surroundings.h"
#include "metrics/counters.h"

namespace nodespan::k8s {

class PodStore {
 public:
  static constexpr size_t kMaxPods = 1024;  // the kubelet takes 110 by default
  static constexpr size_t kMaxBytes = size_t{16} * 1024 * 1024;

  // `counters` outlives the store.
  PodStore(metrics::Counters* counters, PodsChanged on_change);

  // All pods there are: the store is in sync from then on.
  void ReplaceAll(std::vector<Pod> pods) ABSL_LOCKS_EXCLUDED(mutex_);
  // One pod is new or has changed.
  void Put(Pod pod) ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(const std::string& uid) ABSL_LOCKS_EXCLUDED(mutex_);

  // What pods get from objects beside them (pod_surroundings.h): pods are told anew when that is something else than
  // before. Without these calls they get nothing, and being in sync does not wait for them.
  // Namespaces will be read, and Instrumentations as well.
  void AwaitNamespaces() ABSL_LOCKS_EXCLUDED(mutex_);
  void AwaitInstrumentations() ABSL_LOCKS_EXCLUDED(mutex_);
  // They cannot be read, and nobody is to wait for them.
  void RefuseNamespaces() ABSL_LOCKS_EXCLUDED(mutex_);
  void RefuseInstrumentations() ABSL_LOCKS_EXCLUDED(mutex_);
  // All there are.
  void ReplaceNamespaces(NamespaceAnnotations namespaces) ABSL_LOCKS_EXCLUDED(mutex_);
  void ReplaceInstrumentations(Instrumentations instrumentations) ABSL_LOCKS_EXCLUDED(mutex_);
  // One is new, has changed or, of namespaces without its annotation, is gone.
  void PutNamespace(const Namespace& space) ABSL_LOCKS_EXCLUDED(mutex_);
  void PutInstrumentation(Instrumentation instrumentation) ABSL_LOCKS_EXCLUDED(mutex_);
  void RemoveInstrumentation(const Instrumentation& instrumentation) ABSL_LOCKS_EXCLUDED(mutex_);

  std::shared_ptr<const PodSnapshot> snapshot() const ABSL_LOCKS_EXCLUDED(mutex_);
  bool is_synced() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Entry {
    std::shared_ptr<const Pod> pod;
    size_t bytes = 0;
  };

  // True: the pods are others than before.
  bool Insert(Pod pod) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Erase(const std::string& uid) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Applies `change` to surroundings_, and what it means to pods.
  template <typename Change>
  void ChangeSurroundings(const Change& change) ABSL_LOCKS_EXCLUDED(mutex_);
  bool FollowSurroundings() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Tell() const ABSL_LOCKS_EXCLUDED(mutex_);

  metrics::Counters* const counters_;
  const PodsChanged on_change_;

  mutable absl::Mutex mutex_;
  std::map<std::string, Entry> pods_ ABSL_GUARDED_BY(mutex_);  // by uid
  PodSurroundings surroundings_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_synced_ ABSL_GUARDED_BY(mutex_) = false;
  // Null: the pods have changed since the last one.
  mutable std::shared_ptr<const PodSnapshot> snapshot_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nodespan::k8s
