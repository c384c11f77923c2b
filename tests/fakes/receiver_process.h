// SPDX-License-Identifier: Apache-2.0
// An OtlpReceiver in a process of its own, so that CPU and memory of the process that measures are the exporter's
// alone.
//
// Made before anything of gRPC is used, also before main(): gRPC does not survive a fork() after its start. The process
// ends with its owner.
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>

#include "tests/fakes/otlp_receiver.h"

namespace nodespan::testing {

class ReceiverProcess {
 public:
  // `answer_delay` passes before each answer.
  explicit ReceiverProcess(std::chrono::milliseconds answer_delay) {
    int fds[2];
    void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || ::pipe(fds) != 0) {
      std::abort();
    }
    shared_ = new (memory) Shared();
    pid_ = ::fork();
    if (pid_ == 0) {
      Serve(fds[1], answer_delay);
    }
    (void)!::read(fds[0], &port_, sizeof port_);
    ::close(fds[0]);
    ::close(fds[1]);
  }
  ~ReceiverProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::munmap(shared_, sizeof(Shared));
  }
  ReceiverProcess(const ReceiverProcess&) = delete;
  ReceiverProcess& operator=(const ReceiverProcess&) = delete;

  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }

  // Spans that it took, told by it every 20 ms.
  size_t accepted_spans() const { return shared_->accepted_spans.load(); }

 private:
  struct Shared {
    std::atomic<size_t> accepted_spans = 0;
  };

  [[noreturn]] void Serve(int port_fd, std::chrono::milliseconds answer_delay) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto receiver = OtlpReceiver::Start({.keep_requests = false});
    if (receiver == nullptr) {
      std::abort();
    }
    receiver->SetDefaultAnswer({.delay = answer_delay});
    const int port = receiver->port();
    (void)!::write(port_fd, &port, sizeof port);
    while (true) {
      ::usleep(20'000);
      shared_->accepted_spans = receiver->accepted_spans();
    }
  }

  Shared* shared_ = nullptr;
  pid_t pid_ = 0;
  int port_ = 0;
};

}  // namespace nodespan::testing
