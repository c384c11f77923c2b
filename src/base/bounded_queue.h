// SPDX-License-Identifier: Apache-2.0
// A bounded multi-producer, single-consumer queue of values between two threads.
//
// When it is full the OLDEST values make room (telemetry: the newest are the ones somebody is looking for), and the
// number pushed out is returned to the producer, who counts them. Producers never block.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace nodespan::base {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity == 0 ? 1 : capacity) {}

  // Adds all of `values`; returns how many values (old ones first) were dropped to stay within the capacity.
  // After Close() everything is dropped.
  size_t PushAll(std::vector<T> values) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (closed_) {
      return values.size();
    }
    for (T& value : values) {
      items_.push_back(std::move(value));
    }
    size_t dropped = 0;
    while (items_.size() > capacity_) {
      items_.pop_front();
      ++dropped;
    }
    return dropped;
  }

  // Waits until at least `wanted` values are queued, `timeout` has passed, Close() or Kick() is called; then takes up
  // to `max_count` of the oldest values.
  std::vector<T> PopBatch(size_t wanted, size_t max_count, absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    wanted_ = wanted;
    mutex_.AwaitWithTimeout(absl::Condition(this, &BoundedQueue::Ready), timeout);
    kicked_ = false;
    std::vector<T> batch;
    const size_t count = items_.size() < max_count ? items_.size() : max_count;
    batch.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      batch.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    return batch;
  }

  // Makes the current or next PopBatch return at once.
  void Kick() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    kicked_ = true;
  }

  // Refuses further values; PopBatch returns at once from now on. Values already queued can still be taken.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }

  size_t size() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return items_.size();
  }

 private:
  bool Ready() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closed_ || kicked_ || items_.size() >= wanted_; }

  const size_t capacity_;
  mutable absl::Mutex mutex_;
  std::deque<T> items_ ABSL_GUARDED_BY(mutex_);
  size_t wanted_ ABSL_GUARDED_BY(mutex_) = 1;
  bool kicked_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace nodespan::base
