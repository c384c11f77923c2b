// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <array>
#include <cerrno>
#include <utility>

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
