// SPDX-License-Identifier: Apache-2.0
// Selector decides which processes are to be traced because the options name them. What pods ask for is
// pod_selection.h.
//
// Thread: control thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "discovery/process_table.h"
#include "model/process_key.h"

namespace nodespan::discovery {

// A process is selected when any of these says so.
struct SelectionOptions {
  std::vector<pid_t> pids;
  // fnmatch(3) patterns in which `*` also matches `/`, for the path of the executable in its own mount namespace
  // (without " (deleted)"). A pattern without `/`, which no path could match otherwise, is for the file name alone.
  std::vector<std::string> exe_globs;
  bool all = false;
};

struct SelectionDecision {
  bool is_selected = false;
  bool is_named_by_pid = false;  // the strongest way to ask for a process
  std::string reason;            // for people: "--exe */server", "not selected by --pid, --exe or --all"
};

class Selector {
 public:
  // `own_pid`: nodespan itself as /proc numbers it, never selected.
  Selector(SelectionOptions options, std::optional<pid_t> own_pid);

  // Not const: a pid of the options means the first process seen with it. A later one that reuses the number is a
  // stranger.
  SelectionDecision Decide(const ProcessInfo& process);

 private:
  bool IsSelectedByPid(const model::ProcessKey& key);

  SelectionOptions options_;
  std::optional<pid_t> own_pid_;
  absl::flat_hash_map<pid_t, model::ProcessKey> bound_pids_;  // at most one per pid of the options
};

}  // namespace nodespan::discovery
