// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "gtest/gtest.h"

namespace nodespan::e2e {
namespace {

struct Pipe {
  base::UniqueFd reader;
  base::UniqueFd writer;
};

std::optional<Pipe> MakePipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) {
    return std::nullopt;
  }
  return Pipe{base::UniqueFd(fds[0]), base::UniqueFd(fds[1])};
}

std::vector<std::string> MakeEnvironment(const ChildProcess::Environment& added) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string name(text.substr(0, text.find('=')));
    if (!name.starts_with("OTEL_") && !added.contains(name)) {
      result.emplace_back(text);
    }
  }
  for (const auto& [name, value] : added) {
    result.push_back(name + "=" + value);
  }
  return result;
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

int Spawn(const std::vector<std::string>& words, const std::vector<std::string>& environment, int in, int out, int err,
          pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int error = posix_spawnp(pid, words.front().c_str(), &actions, &attributes, Pointers(words).data(),
                                 Pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

}  // namespace

Milliseconds UsualPatience() {
  const char* seconds = std::getenv("NODESPAN_TEST_PATIENCE");
  return Milliseconds{seconds == nullptr ? 30'000 : 1'000 * std::atol(seconds)};
}

std::unique_ptr<ChildProcess> ChildProcess::Start(const std::vector<std::string>& words,
                                                  const Environment& environment) {
  std::optional<Pipe> in = MakePipe();
  std::optional<Pipe> out = MakePipe();
  std::optional<Pipe> err = MakePipe();
  if (!in || !out || !err) {
    ADD_FAILURE() << "pipe: " << std::strerror(errno);
    return nullptr;
  }
  // A child that ended shows in its exit status, not as a signal to us when we write to it.
  (void)signal(SIGPIPE, SIG_IGN);
  std::unique_ptr<ChildProcess> child(new ChildProcess());
  child->started_ = Clock::now();
  const int error =
      Spawn(words, MakeEnvironment(environment), in->reader.get(), out->writer.get(), err->writer.get(), &child->pid_);
  if (error != 0) {
    child->pid_ = -1;
    ADD_FAILURE() << words.front() << ": " << std::strerror(error);
    return nullptr;
  }
  child->input_ = std::move(in->writer);
  child->output_.fd = std::move(out->reader);
  child->error_.fd = std::move(err->reader);
  for (Stream* stream : {&child->output_, &child->error_}) {
    stream->reader = std::thread([self = child.get(), stream] { self->Collect(*stream); });
  }
  return child;
}

ChildProcess::~ChildProcess() {
  input_.Reset();
  if (pid_ > 0 && !exit_status_) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  for (Stream* stream : {&output_, &error_}) {
    if (stream->reader.joinable()) {
      stream->reader.join();
    }
  }
}

void ChildProcess::Collect(Stream& stream) {
  std::string rest;
  char buffer[65536];
  while (true) {
    const ssize_t got = ::read(stream.fd.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    const Clock::time_point now = Clock::now();
    std::lock_guard lock(mutex_);
    if (got > 0) {
      rest.append(buffer, static_cast<size_t>(got));
    }
    size_t begin = 0;
    for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
      stream.lines.push_back({now, rest.substr(begin, end - begin)});
      begin = end + 1;
    }
    rest.erase(0, begin);
    if (got <= 0) {
      if (!rest.empty()) {
        stream.lines.push_back({now, rest});
      }
      stream.ended = true;
    }
    changed_.notify_all();
    if (stream.ended) {
      return;
    }
  }
}

void ChildProcess::WriteInput(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(input_.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      ADD_FAILURE() << "writing to pid " << pid_ << ": " << std::strerror(errno);
      return;
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void ChildProcess::Signal(int number) const {
  if (!exit_status_) {
    ::kill(pid_, number);
  }
}

std::optional<Line> ChildProcess::WaitFor(const Stream& stream, std::string_view part, Milliseconds patience) {
  std::unique_lock lock(mutex_);
  const Clock::time_point deadline = Clock::now() + patience;
  size_t seen = 0;
  while (true) {
    for (; seen < stream.lines.size(); ++seen) {
      if (stream.lines[seen].text.find(part) != std::string::npos) {
        return stream.lines[seen];
      }
    }
    if (stream.ended || changed_.wait_until(lock, deadline) == std::cv_status::timeout) {
      return std::nullopt;
    }
  }
}

std::vector<std::string> ChildProcess::Lines(const Stream& stream) const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> texts;
  for (const Line& line : stream.lines) {
    texts.push_back(line.text);
  }
  return texts;
}

std::optional<ExitStatus> ChildProcess::Wait(Milliseconds patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  while (!exit_status_) {
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      exit_status_ = WIFSIGNALED(status) ? ExitStatus{0, WTERMSIG(status)} : ExitStatus{WEXITSTATUS(status), 0};
    } else if (Clock::now() > deadline) {
      return std::nullopt;
    } else {
      ::poll(nullptr, 0, 2);
    }
  }
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, std::max(deadline, Clock::now() + Milliseconds(1000)),
                      [this] { return output_.ended && error_.ended; });
  return exit_status_;
}

std::optional<Finished> RunToEnd(const std::vector<std::string>& words, Milliseconds patience,
                                 const ChildProcess::Environment& environment) {
  const std::unique_ptr<ChildProcess> child = ChildProcess::Start(words, environment);
  if (child == nullptr) {
    return std::nullopt;
  }
  child->CloseInput();
  const std::optional<ExitStatus> status = child->Wait(patience);
  if (!status) {
    ADD_FAILURE() << words.front() << " did not end in " << patience.count() << " ms";
    return std::nullopt;
  }
  return Finished{*status, child->OutputLines(), child->ErrorLines()};
}

}  // namespace nodespan::e2e
