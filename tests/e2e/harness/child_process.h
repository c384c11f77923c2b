// SPDX-License-Identifier: Apache-2.0
// A process that a test started, with its three standard streams.
//
// Thread: all methods from the test's thread; two threads of its own collect the output line by line as it comes.
// Lifetime: the destructor kills and reaps what still runs, by its pid, which cannot be reused before that.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace nodespan::e2e {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

// How long anything may take that is expected to happen at once; generous, because machines that test are busy. As many
// seconds as NODESPAN_TEST_PATIENCE says, for those that are slow besides, or 30.
Milliseconds UsualPatience();
inline const Milliseconds kPatience = UsualPatience();

struct Line {
  Clock::time_point arrived;
  std::string text;
};

struct ExitStatus {
  int code = 0;    // when it exited
  int signal = 0;  // when a signal ended it, else 0
  bool operator==(const ExitStatus&) const = default;
};

class ChildProcess {
 public:
  using Environment = std::map<std::string, std::string>;

  // The first word is looked up in PATH. The child gets our environment without OTEL_* variables, with `environment`
  // added. Null and a failed expectation when it cannot be started.
  static std::unique_ptr<ChildProcess> Start(const std::vector<std::string>& words,
                                             const Environment& environment = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // Taken before the child was made.
  Clock::time_point started() const { return started_; }

  void WriteInput(std::string_view text);
  void CloseInput() { input_.Reset(); }
  void Signal(int number) const;

  // The first line of the stream that contains `part`; nothing when none comes in time or the stream ends before.
  std::optional<Line> WaitForOutput(std::string_view part, Milliseconds patience = kPatience) {
    return WaitFor(output_, part, patience);
  }
  std::optional<Line> WaitForError(std::string_view part, Milliseconds patience = kPatience) {
    return WaitFor(error_, part, patience);
  }
  std::vector<std::string> OutputLines() const { return Lines(output_); }
  std::vector<std::string> ErrorLines() const { return Lines(error_); }

  // Nothing: it still runs after `patience`. Afterwards all of its output is there, unless a grandchild holds the
  // pipes.
  std::optional<ExitStatus> Wait(Milliseconds patience = kPatience);

 private:
  struct Stream {
    base::UniqueFd fd;
    std::vector<Line> lines;
    bool ended = false;
    std::thread reader;
  };

  ChildProcess() = default;
  void Collect(Stream& stream);
  std::optional<Line> WaitFor(const Stream& stream, std::string_view part, Milliseconds patience);
  std::vector<std::string> Lines(const Stream& stream) const;

  pid_t pid_ = -1;
  Clock::time_point started_;
  base::UniqueFd input_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Stream output_;
  Stream error_;
  std::optional<ExitStatus> exit_status_;
};

// Runs to the end and returns the exit status and both streams; for tools that are no part of what is tested.
struct Finished {
  ExitStatus status;
  std::vector<std::string> output;
  std::vector<std::string> error;
  std::string LastError() const { return error.empty() ? std::string() : error.back(); }
};
std::optional<Finished> RunToEnd(const std::vector<std::string>& words, Milliseconds patience,
                                 const ChildProcess::Environment& environment = {});

}  // namespace nodespan::e2e
