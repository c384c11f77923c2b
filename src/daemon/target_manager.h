// SPDX-License-Identifier: Apache-2.0
// From "a process is selected" to "its probes are attached", and back.
//
// Every selected process has a state here, and one that is not traced has a reason.
//   kInspecting  its executable is being read            -> kTraced, kRefused
//   kTraced      probes are attached                     -> gone, kRefused when it turns out to export spans by itself
//   kRefused     not traced; `reason` says why           -> gone
// From each of them a process is forgotten when it is not wanted any more. Processes that are not selected, and those
// that are not Go programs, are not kept.
//
// The resource of a process is made when it is attached to and stays: what changes in its pod later (labels,
// annotations) says whether it is traced, not who it is.
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
#include "discovery/process_resource.h"
#include "discovery/target_selection.h"
#include "metrics/counters.h"
#include "metrics/gauges.h"
#include "model/resource.h"
#include "procfs/procfs.h"
#include "spans/target_directory.h"

namespace nodespan::daemon {

class TargetManager {
 public:
  struct Dependencies {
    const config::Config* config;
    const procfs::ProcFs* procfs;
    const discovery::HostFacts* host;
    BinaryInspector* inspector;
    attach::ProbeAttacher* attacher;
    spans::TargetDirectory* directory;
    metrics::Counters* counters;
    metrics::Gauges* gauges;
  };

  explicit TargetManager(const Dependencies& dependencies) : deps_(dependencies) {}

  void OnSelected(const discovery::SelectedProcess& selected);
  // It runs on, without probes.
  void OnDeselected(const model::ProcessKey& key, const std::string& reason);
  void OnGone(const model::ProcessKey& key);
  // The target exports spans by itself: it is let go of, so that nothing is traced twice.
  void OnExports(attach::TargetId target);
  // Lets go of every process.
  void DetachAll();

 private:
  enum class State { kInspecting, kTraced, kRefused };
  struct Process {
    State state = State::kInspecting;
    uint64_t appearance = 0;  // tells the result of an earlier execve of the same process from this one's
    std::string exe;
    k8s::ContainerRef workload;
    std::string container_id;
    procfs::FileIdentity exe_identity;  // of the file that was inspected
    std::string reason;
    attach::TargetId target;
    std::shared_ptr<const Inspection> inspection;  // keeps it in the Inspector's cache
  };

  void OnInspected(const model::ProcessKey& key, uint64_t appearance, const BinaryInspector::Result& result);
  absl::Status Trace(const model::ProcessKey& key, Process& process);
  model::ResourcePtr MakeResource(const Process& process, const discovery::ProcessFacts& facts,
                                  const discovery::StatedIdentity& identity) const;
  bool IsFirstOfContainer(const Process& process) const;
  // Counts a refusal of live_check.h.
  absl::Status CountMismatch(absl::Status status);
  void Refuse(const model::ProcessKey& key, Process& process, const absl::Status& why);
  void Detach(const Process& process);
  void UpdateGauges();

  const Dependencies deps_;
  std::map<model::ProcessKey, Process> processes_;
  uint64_t next_appearance_ = 1;
};

}  // namespace nodespan::daemon
