// SPDX-License-Identifier: Apache-2.0
// Lets the thread of a pod source wait for a time, for being asked to look again, or for its end.
//
// Thread: Wait() and Sleep() on the source's thread, the rest on any.
#pragma once

#include <algorithm>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace nodespan::k8s {

class StopSignal {
 public:
  // Until Stop(), until `timeout` is over, or until Wake(), but then not before this has taken the `at_least` of that.
  void Wait(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::Time start = absl::Now();
    absl::MutexLock lock(&mutex_);
    while (!stopped_ && absl::Now() < start + std::min(timeout, wake_after_)) {
      const absl::Duration known = wake_after_;
      const auto has_news = [this, known]()
                                ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopped_ || wake_after_ != known; };
      (void)mutex_.AwaitWithDeadline(absl::Condition(&has_news), start + std::min(timeout, known));
    }
    wake_after_ = absl::InfiniteDuration();
  }

  // Until Stop(), or until `time` is over.
  void Sleep(absl::Duration time) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    (void)mutex_.AwaitWithTimeout(absl::Condition(&stopped_), time);
  }

  // Ends the current Wait(), or the next one when there is none.
  void Wake(absl::Duration at_least) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    wake_after_ = std::min(wake_after_, at_least);
  }
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  bool is_stopped() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return stopped_;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Duration wake_after_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteDuration();  // nobody has called Wake()
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace nodespan::k8s
