// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/clock.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::base {
namespace {

// Reads and forgets the counter of an eventfd or timerfd, so that it stops being readable.
void DrainCounter(int fd) {
  uint64_t count = 0;
  (void)!::read(fd, &count, sizeof(count));
}

}  // namespace

absl::StatusOr<std::unique_ptr<EventLoop>> EventLoop::Create() {
  UniqueFd epoll_fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_fd.valid()) {
    return ErrnoStatus("epoll_create1");
  }
  UniqueFd wake_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_fd.valid()) {
    return ErrnoStatus("eventfd");
  }
  const int wake = wake_fd.get();
  std::unique_ptr<EventLoop> loop(new EventLoop(std::move(epoll_fd), std::move(wake_fd)));
  NODESPAN_RETURN_IF_ERROR(loop->AddFd(wake, [raw = loop.get()] { raw->RunPostedTasks(); }));
  return loop;
}

absl::Status EventLoop::AddFd(int fd, Callback on_readable) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return ErrnoStatus("epoll_ctl add");
  }
  callbacks_[fd] = std::make_shared<Callback>(std::move(on_readable));
  return absl::OkStatus();
}

void EventLoop::RemoveFd(int fd) {
  if (callbacks_.erase(fd) > 0) {
    (void)::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_DEL, fd, nullptr);
  }
}

absl::Status EventLoop::AddTimer(absl::Duration period, Callback on_tick) {
  UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer.valid()) {
    return ErrnoStatus("timerfd_create");
  }
  itimerspec spec{};
  spec.it_interval = absl::ToTimespec(period);
  spec.it_value = spec.it_interval;
  if (::timerfd_settime(timer.get(), 0, &spec, nullptr) != 0) {
    return ErrnoStatus("timerfd_settime");
  }
  const int fd = timer.get();
  NODESPAN_RETURN_IF_ERROR(AddFd(fd, [fd, tick = std::move(on_tick)] {
    DrainCounter(fd);
    tick();
  }));
  timer_fds_.push_back(std::move(timer));
  return absl::OkStatus();
}

absl::Status EventLoop::RunAfter(absl::Duration delay, Callback task) {
  if (!delay_timer_fd_.valid()) {
    UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!timer.valid()) {
      return ErrnoStatus("timerfd_create");
    }
    NODESPAN_RETURN_IF_ERROR(AddFd(timer.get(), [this] { RunDueTasks(); }));
    delay_timer_fd_ = std::move(timer);
  }
  delayed_tasks_.emplace(Clock::Real().MonotonicNs() + absl::ToInt64Nanoseconds(delay), std::move(task));
  return ArmDelayTimer();
}

absl::Status EventLoop::ArmDelayTimer() {
  itimerspec spec{};
  if (!delayed_tasks_.empty()) {
    // 0 would switch the timer off.
    spec.it_value = absl::ToTimespec(absl::Nanoseconds(std::max<int64_t>(1, delayed_tasks_.begin()->first)));
  }
  return ::timerfd_settime(delay_timer_fd_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0
             ? absl::OkStatus()
             : ErrnoStatus("timerfd_settime");
}

void EventLoop::RunDueTasks() {
  DrainCounter(delay_timer_fd_.get());
  std::vector<Callback> due;
  const auto end = delayed_tasks_.upper_bound(Clock::Real().MonotonicNs());
  for (auto it = delayed_tasks_.begin(); it != end; it = delayed_tasks_.erase(it)) {
    due.push_back(std::move(it->second));
  }
  (void)ArmDelayTimer();  // Of a valid timer to a valid time: does not fail.
  for (Callback& task : due) {
    task();
  }
}

void EventLoop::PostTask(Callback task) {
  {
    absl::MutexLock lock(&mutex_);
    tasks_.push_back(std::move(task));
  }
  Wake();
}

void EventLoop::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  Wake();
}

void EventLoop::Wake() {
  const uint64_t one = 1;
  (void)!::write(wake_fd_.get(), &one, sizeof(one));
}

void EventLoop::RunPostedTasks() {
  DrainCounter(wake_fd_.get());
  std::vector<Callback> tasks;
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_) {
      return;
    }
    tasks.swap(tasks_);
  }
  for (Callback& task : tasks) {
    task();
  }
}

absl::Status EventLoop::Run() {
  std::array<epoll_event, 32> events{};
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (stopped_) {
        return absl::OkStatus();
      }
    }
    const int count = ::epoll_wait(epoll_fd_.get(), events.data(), static_cast<int>(events.size()), -1);
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      return ErrnoStatus("epoll_wait");
    }
    for (int i = 0; i < count; ++i) {
      // A callback of this round may have removed the descriptor.
      const auto it = callbacks_.find(events[static_cast<size_t>(i)].data.fd);
      if (it != callbacks_.end()) {
        const std::shared_ptr<Callback> callback = it->second;
        (*callback)();
      }
    }
  }
}

}  // namespace nodespan::base
