// SPDX-License-Identifier: Apache-2.0
// From "a process appeared" to "its probes are attached", and back.
//
// Every selected process has a state here, and one that is not traced has a reason.
//   kInspecting  its executable is being read            -> kTraced, kRefused
//   kTraced      probes are attached                     -> gone, kRefused when it turns out to export spans by itself
//   kRefused     not traced; `reason` says why           -> gone
// Processes that are not selected, and those that are not Go programs, are not kept.
//
// Thread: control thread. Lifetime: what the constructor is given outlives this.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "attach/attacher.h"
#include "config/config.h"
#include "daemon/inspector.h"
#include "discovery/facts.h"
#include "discovery/process_table.h"
#include "discovery/selector.h"
#include "metrics/counters.h"
#include "procfs/procfs.h"
#include "spans/target_directory.h"

namespace nodespan::daemon {

class TargetManager {
 public:
  struct Dependencies {
    const config::Config* config;
    const procfs::ProcFs* procfs;
    const discovery::HostFacts* host;
    discovery::Selector* selector;
    Inspector* inspector;
    attach::Attacher* attacher;
    spans::TargetDirectory* directory;
    metrics::Counters* counters;
  };

  explicit TargetManager(const Dependencies& dependencies) : deps_(dependencies) {}

  void OnAppeared(const discovery::ProcessInfo& process);
  void OnGone(const model::ProcessKey& key);
  // The target exports spans by itself: it is let go of, so that nothing is traced twice.
  void OnExports(attach::TargetId target);
  // Lets go of every process.
  void DetachAll();

  size_t traced_count() const;

 private:
  enum class State { kInspecting, kTraced, kRefused };
  struct Process {
    State state = State::kInspecting;
    uint64_t appearance = 0;  // tells the result of an earlier execve of the same process from this one's
    std::string exe;
    procfs::FileIdentity exe_identity;  // of the file that was inspected
    std::string reason;
    attach::TargetId target;
    std::shared_ptr<const Inspection> inspection;  // keeps it in the Inspector's cache
  };

  void OnInspected(const model::ProcessKey& key, uint64_t appearance, const Inspector::Result& result);
  absl::Status Trace(const model::ProcessKey& key, Process& process);
  // Counts a refusal of live_check.h.
  absl::Status CountMismatch(absl::Status status);
  void Refuse(const model::ProcessKey& key, Process& process, const absl::Status& why);
  void Detach(const Process& process);

  const Dependencies deps_;
  std::map<model::ProcessKey, Process> processes_;
  uint64_t next_appearance_ = 1;
};

}  // namespace nodespan::daemon
