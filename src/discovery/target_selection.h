// SPDX-License-Identifier: Apache-2.0
// TargetSelection keeps up with which processes are to be traced: processes come and go, pods become known, get labels
// and lose them.
//
// A process in a container waits until its pod is known, because the identity of its spans is fixed when it is attached
// to; it is looked up again with every change of the pods and with back-off, for as long as it lives. One that options
// select does not wait longer than kIdentityPatience: its container may belong to no pod at all. A process whose pod is
// known, and whose container or the Instrumentation of whose pod is not, waits as long, and is then told without.
//
// Without a pod source only the options decide, at once.
//
// Thread: control thread; callbacks run inside the methods and must not call back.
// Memory: some hundred bytes for each living process in a container, none for others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "base/clock.h"
#include "discovery/pod_selection.h"
#include "discovery/process_table.h"
#include "discovery/selector.h"
#include "k8s/cgroup.h"
#include "k8s/pod_source.h"
#include "model/process_key.h"
#include "procfs/procfs.h"

namespace nodespan::discovery {

struct SelectedProcess {
  ProcessInfo process;
  k8s::ContainerRef workload;  // null pod: in none, or not known
  std::string container_id;    // empty: not in a container
  std::string reason;          // why it is selected, for people
};

class TargetSelection {
 public:
  static constexpr absl::Duration kIdentityPatience = absl::Seconds(3);
  static constexpr absl::Duration kFirstRetry = absl::Milliseconds(50);
  static constexpr absl::Duration kMaxRetry = absl::Seconds(30);

  struct Callbacks {
    std::function<void(const SelectedProcess&)> on_selected;
    // It was selected, still runs, and is not wanted any more.
    std::function<void(const model::ProcessKey&, const std::string& reason)> on_deselected;
    // It has ended, or executed another program; also told of processes that were never selected.
    std::function<void(const model::ProcessKey&)> on_gone;
    // Retry() wants to be called after so long. Calls that were asked for before may come as well.
    std::function<void(absl::Duration)> on_retry_wanted;
  };

  // With a null `pods` the `pod_selection` is not looked at. All that is given outlives this.
  TargetSelection(const procfs::ProcFs* procfs, Selector* selector, const PodSelection* pod_selection,
                  k8s::PodSource* pods, const base::Clock* clock, Callbacks callbacks);

  void OnAppeared(const ProcessInfo& process);
  void OnGone(const model::ProcessKey& key);
  void OnPodsChanged();
  void Retry();

  // Processes in containers, and those of them whose pod or container is not known (yet).
  size_t tracked_count() const { return entries_.size(); }
  size_t waiting_count() const { return waiting_.size(); }

 private:
  struct Entry {
    ProcessInfo process;
    k8s::CgroupContainer container;
    SelectionDecision options_decision;
    int64_t appeared_ns = 0;
    k8s::ContainerRef workload;  // as of the last decision
    bool is_decided = false;     // `workload` was looked at
    bool is_selected = false;
    absl::Duration retry_delay = kFirstRetry;
    int64_t retry_at_ns = 0;  // its place in waiting_; 0: it does not wait
  };
  using Verdict = std::pair<bool, std::string>;  // selected, why (not)

  void Evaluate(Entry& entry, const k8s::PodSnapshot& snapshot);
  void Apply(Entry& entry, const Verdict& verdict);
  Verdict Decide(const Entry& entry, const k8s::ContainerRef& workload) const;
  void Wait(Entry& entry);
  void StopWaiting(Entry& entry);
  void AskForRetry();

  const procfs::ProcFs* const procfs_;
  Selector* const selector_;
  const PodSelection* const pod_selection_;
  k8s::PodSource* const pods_;
  const base::Clock* const clock_;
  const Callbacks callbacks_;
  std::map<model::ProcessKey, Entry> entries_;
  std::set<std::pair<int64_t, model::ProcessKey>> waiting_;  // by the time of the next try
  int64_t asked_for_ns_ = 0;                                 // the earliest Retry() to come; 0: none
};

}  // namespace nodespan::discovery
