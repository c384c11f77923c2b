// SPDX-License-Identifier: Apache-2.0
// A small epoll loop: file descriptors, timers and tasks posted from other threads.
//
// Thread: all methods on the thread that calls Run(), except PostTask() and Stop(), which any thread may call.
// Callbacks run one at a time on the loop's thread and may add or remove descriptors and timers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/unique_fd.h"

namespace nodespan::base {

class EventLoop {
 public:
  using Callback = std::function<void()>;

  static absl::StatusOr<std::unique_ptr<EventLoop>> Create();

  // Calls `on_readable` while `fd` is readable (level-triggered). The loop does not own `fd`; remove it before closing
  // it.
  absl::Status AddFd(int fd, Callback on_readable);
  void RemoveFd(int fd);

  // Calls `on_tick` every `period`, for the first time after one period. Timers live as long as the loop.
  absl::Status AddTimer(absl::Duration period, Callback on_tick);

  // Calls `task` once, when `delay` is over. Not cancelled: the task looks whether it is still needed.
  absl::Status RunAfter(absl::Duration delay, Callback task);

  // Runs `task` on the loop's thread. Any thread. Tasks posted after Stop() never run.
  void PostTask(Callback task) ABSL_LOCKS_EXCLUDED(mutex_);

  // Dispatches until Stop() is called; returns an error only when epoll itself fails.
  absl::Status Run();

  // Makes Run() return after the callbacks already due. Any thread, also from a callback.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  EventLoop(UniqueFd epoll_fd, UniqueFd wake_fd) : epoll_fd_(std::move(epoll_fd)), wake_fd_(std::move(wake_fd)) {}

  void RunPostedTasks() ABSL_LOCKS_EXCLUDED(mutex_);
  void RunDueTasks();
  // Sets the timer to the first of delayed_tasks_.
  absl::Status ArmDelayTimer();
  void Wake();

  UniqueFd epoll_fd_;
  UniqueFd wake_fd_;
  std::vector<UniqueFd> timer_fds_;
  std::map<int, std::shared_ptr<Callback>> callbacks_;
  UniqueFd delay_timer_fd_;                         // made by the first RunAfter()
  std::multimap<int64_t, Callback> delayed_tasks_;  // by CLOCK_MONOTONIC in nanoseconds
  absl::Mutex mutex_;
  std::vector<Callback> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace nodespan::base
