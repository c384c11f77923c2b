// SPDX-License-Identifier: Apache-2.0
// From the words of the command line and the environment to what nodespan is to do.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "config/environment.h"

namespace nodespan::config {

// `nodespan inspect`: exactly one of both is there.
struct InspectRequest {
  std::string binary;        // a path; empty: look at `pid`
  std::optional<pid_t> pid;  // a running process
  bool json = false;
};

// `--help`, `--version`: to be written to standard output; the exit status is 0.
struct PrintRequest {
  std::string text;
};

// `--check-config`: what would be run with, and all of it as text, one setting on a line.
struct CheckRequest {
  Config config;
  std::string settings;
};

struct Invocation {
  std::variant<Config, InspectRequest, CheckRequest, PrintRequest> action;
  // Values in the environment that could not be used, one finished sentence each. To be logged once the log exists.
  std::vector<std::string> warnings;
};

// Flags win over the environment, the environment over defaults. What there is: settings.h.
//
// kInvalidArgument: the command line (or a variable that leaves no sensible way to go on) is wrong, or nothing is
// selected for tracing and there are no pods that could be (which a CheckRequest leaves to be found). The message is
// one line that names the flag, the value and what to do about it, without the rest of the help.
absl::StatusOr<Invocation> ParseCommandLine(int argc, const char* const* argv, const Environment& environment);

// No options select a process, and (as may turn out later) no pods can.
absl::Status NothingSelectedError();

}  // namespace nodespan::config
