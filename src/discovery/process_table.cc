// SPDX-License-Identifier: Apache-2.0
#include "discovery/process_table.h"

#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace nodespan::discovery {

using metrics::Counter;
using model::ProcessKey;

ProcessTable::ProcessTable(const procfs::ProcFs& procfs, metrics::Counters& counters, Callbacks callbacks,
                           size_t max_processes)
    : procfs_(procfs), counters_(counters), callbacks_(std::move(callbacks)), max_processes_(max_processes) {}

absl::Status ProcessTable::Scan() { return Pass(/*is_repair=*/false); }

absl::Status ProcessTable::Sweep() { return Pass(/*is_repair=*/true); }

void ProcessTable::OnExec(pid_t pid) {
  counters_.Add(Counter::kExecEvents);
  (void)Reconcile(pid);
}

void ProcessTable::OnExit(pid_t pid) {
  counters_.Add(Counter::kExitEvents);
  // The event is sent when the process is marked as exiting and often before it has left /proc; the mark is what
  // Reconcile() looks at. A process that is there without the mark has reused the pid, or executed a program from a
  // thread: the former main thread ends then.
  (void)Reconcile(pid);
}

absl::Status ProcessTable::Pass(bool is_repair) {
  NODESPAN_ASSIGN_OR_RETURN(std::vector<pid_t> pids, procfs_.ListPids());
  ++pass_;
  size_t changed = 0;
  unreadable_count_ = 0;
  untracked_count_ = 0;
  for (pid_t pid : pids) {
    Outcome outcome = Reconcile(pid);
    changed += outcome == Outcome::kChanged;
    unreadable_count_ += outcome == Outcome::kUnreadable;
    untracked_count_ += outcome == Outcome::kUntracked;
    if (auto entry = entries_.find(pid); entry != entries_.end()) {
      entry->second.seen_in_pass = pass_;
    }
  }
  std::vector<pid_t> ended;
  for (const auto& [pid, entry] : entries_) {
    if (entry.seen_in_pass != pass_) {
      ended.push_back(pid);
    }
  }
  for (pid_t pid : ended) {
    changed += Forget(pid);
  }
  if (is_repair) {
    counters_.Add(Counter::kProcessEventsMissed, changed);
  }
  return absl::OkStatus();
}

ProcessTable::Outcome ProcessTable::Reconcile(pid_t pid) {
  absl::StatusOr<procfs::ProcessDir> process = procfs_.Open(pid);
  bool is_gone = absl::IsNotFound(process.status()) ||
                 (process.ok() && (process->stat_at_open().is_exiting() || process->stat_at_open().is_kernel_thread()));
  if (is_gone) {
    return Forget(pid) ? Outcome::kChanged : Outcome::kUnchanged;
  }
  if (!process.ok()) {
    // Says nothing about the process (no descriptor free, for example): the next sweep looks again.
    return Outcome::kUnchanged;
  }
  absl::StatusOr<procfs::FileIdentity> exe = process->ReadExeIdentity();
  if (absl::IsNotFound(exe.status())) {
    return Forget(pid) ? Outcome::kChanged : Outcome::kUnchanged;
  }
  if (absl::IsPermissionDenied(exe.status())) {
    (void)Forget(pid);
    return Outcome::kUnreadable;
  }
  if (!exe.ok()) {
    return Outcome::kUnchanged;
  }
  Image image = {.exe = *exe, .start_stack = process->stat_at_open().start_stack};
  auto entry = entries_.find(pid);
  if (entry != entries_.end() && entry->second.key == process->key() && entry->second.image == image) {
    return Outcome::kUnchanged;
  }
  bool was_known = Forget(pid);
  Outcome outcome = Track(pid, *process, image);
  return was_known ? Outcome::kChanged : outcome;
}

ProcessTable::Outcome ProcessTable::Track(pid_t pid, const procfs::ProcessDir& process, const Image& image) {
  if (entries_.size() >= max_processes_) {
    return Outcome::kUntracked;
  }
  absl::StatusOr<procfs::ExeLink> link = process.ReadExeLink();
  if (!link.ok()) {
    // Ended just now, or unreadable for a reason that passes; in both cases the next sweep settles it.
    return Outcome::kUnchanged;
  }
  entries_.emplace(pid, Entry{.key = process.key(), .image = image, .seen_in_pass = pass_});
  callbacks_.on_appeared({.key = process.key(), .exe = *std::move(link), .exe_identity = image.exe});
  return Outcome::kChanged;
}

bool ProcessTable::Forget(pid_t pid) {
  auto entry = entries_.find(pid);
  if (entry == entries_.end()) {
    return false;
  }
  ProcessKey key = entry->second.key;
  entries_.erase(entry);
  callbacks_.on_gone(key);
  return true;
}

}  // namespace nodespan::discovery
