// SPDX-License-Identifier: Apache-2.0
// Lets the thread of a pod source wait for a time, for being asked to look again, or for its end.
//
// Thread: Wait() on the source's thread, the rest on any.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace nodespan::k8s {

class StopSignal {
 public:
  enum class Reason { kTimeout, kWoken, kStopped };

  // Until Stop(), until `timeout` is over, or, but not before `at_least`, until Wake().
  Reason Wait(absl::Duration timeout, absl::Duration at_least) ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::Time start = absl::Now();
    absl::MutexLock lock(&mutex_);
    (void)mutex_.AwaitWithDeadline(absl::Condition(&stopped_), start + at_least);
    (void)mutex_.AwaitWithDeadline(absl::Condition(this, &StopSignal::IsSignalled), start + timeout);
    const Reason reason = stopped_ ? Reason::kStopped : woken_ ? Reason::kWoken : Reason::kTimeout;
    woken_ = false;
    return reason;
  }

  void Wake() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    woken_ = true;
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
  bool IsSignalled() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopped_ || woken_; }

  mutable absl::Mutex mutex_;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace nodespan::k8s
