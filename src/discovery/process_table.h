// SPDX-License-Identifier: Apache-2.0
// ProcessTable knows which processes exist on this node and tells about every one that appears and ends.
//
// Each execve counts as an appearance of its own: a known process that executes a program is reported as gone and, with
// the same key, as appeared. Kernel threads and zombies are not processes here.
//
// Events from the kernel are hints only: each makes the table look at /proc and reconcile. So they may come late,
// twice, in any order, for pids reused since, or not at all; Sweep() then finds what they would have told.
//
// Thread: all methods on the control thread; callbacks run inside them and must not call back into the table.
// Memory: a few dozen bytes per living process, nothing for those that ended.
// Not here: which of the processes are to be traced (selector.h), what is in their executables (goinspect).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "metrics/counters.h"
#include "model/process_key.h"
#include "procfs/file_identity.h"
#include "procfs/procfs.h"

namespace nodespan::discovery {

// A process as it was when it was reported.
struct ProcessInfo {
  model::ProcessKey key;
  procfs::ExeLink exe;
  procfs::FileIdentity exe_identity;
};

class ProcessTable {
 public:
  static constexpr size_t kDefaultMaxProcesses = size_t{64} * 1024;

  struct Callbacks {
    std::function<void(const ProcessInfo&)> on_appeared;
    std::function<void(const model::ProcessKey&)> on_gone;
  };

  // `procfs` and `counters` outlive the table. Above `max_processes` new ones are left out (untracked_count()) until
  // others end.
  ProcessTable(const procfs::ProcFs& procfs, metrics::Counters& counters, Callbacks callbacks,
               size_t max_processes = kDefaultMaxProcesses);

  // The first look: reports all processes that run now. An error means that /proc cannot be listed.
  absl::Status Scan();

  // The kernel tells that the process `pid` executed a program or ended.
  void OnExec(pid_t pid);
  void OnExit(pid_t pid);

  // Compares the table with /proc: reports what events did not tell and counts it as kProcessEventsMissed.
  absl::Status Sweep();

  size_t size() const { return entries_.size(); }
  // As of the last Scan() or Sweep(): processes whose executable may not be read (CAP_SYS_PTRACE), and those left out
  // because the table was full. Both are invisible to the rest of nodespan.
  size_t unreadable_count() const { return unreadable_count_; }
  size_t untracked_count() const { return untracked_count_; }

 private:
  // What an execve changes. The stack alone would do with address space randomisation, the file alone for a program
  // that does not execute itself anew.
  struct Image {
    procfs::FileIdentity exe;
    uint64_t start_stack = 0;

    bool operator==(const Image&) const = default;
  };
  struct Entry {
    model::ProcessKey key;
    Image image;
    uint64_t seen_in_pass = 0;
  };
  // What one look at a pid led to.
  enum class Outcome {
    kUnchanged,
    kChanged,     // something was reported
    kUnreadable,  // the process is there, its executable may not be read
    kUntracked,   // the process is there, the table is full
  };

  // Makes the entry of `pid` what /proc says.
  Outcome Reconcile(pid_t pid);
  Outcome Track(pid_t pid, const procfs::ProcessDir& process, const Image& image);
  bool Forget(pid_t pid);
  absl::Status Pass(bool is_repair);

  const procfs::ProcFs& procfs_;
  metrics::Counters& counters_;
  Callbacks callbacks_;
  size_t max_processes_;
  absl::flat_hash_map<pid_t, Entry> entries_;
  uint64_t pass_ = 0;
  size_t unreadable_count_ = 0;
  size_t untracked_count_ = 0;
};

}  // namespace nodespan::discovery
