// SPDX-License-Identifier: Apache-2.0
// For tests of pod sources: waits until a source says what is expected.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "k8s/pod_source.h"

namespace nodespan::k8s::testing {

class SourceWatcher {
 public:
  // What to give the source as its notification.
  PodsChanged callback() {
    return [this] {
      absl::MutexLock lock(&mutex_);
      ++changes_;
    };
  }

  // False: the condition did not come true in time. Looks after every notification.
  bool WaitUntil(const PodSource& source, const std::function<bool(const PodSnapshot&)>& condition,
                 absl::Duration patience = absl::Seconds(20)) {
    const absl::Time deadline = absl::Now() + patience;
    while (true) {
      const int seen = changes();
      if (condition(*source.snapshot())) {
        return true;
      }
      absl::MutexLock lock(&mutex_);
      const auto has_news = [this, seen] { return changes_ != seen; };
      if (!mutex_.AwaitWithDeadline(absl::Condition(&has_news), deadline)) {
        return false;
      }
    }
  }

  int changes() {
    absl::MutexLock lock(&mutex_);
    return changes_;
  }

 private:
  absl::Mutex mutex_;
  int changes_ = 0;
};

// The pod with that uid; null: the snapshot does not have it.
inline std::shared_ptr<const Pod> FindPod(const PodSnapshot& snapshot, const std::string& uid) {
  for (const auto& pod : snapshot.pods()) {
    if (pod->uid == uid) {
      return pod;
    }
  }
  return nullptr;
}

}  // namespace nodespan::k8s::testing
