// SPDX-License-Identifier: Apache-2.0
#include "discovery/target_selection.h"

#include <algorithm>
#include <vector>

#include "absl/status/statusor.h"

namespace nodespan::discovery {
namespace {

// The container of the process; nothing when it is in none. An error that passes counts as none: the files of /proc do
// not fail for reasons of their own while the process lives.
std::optional<k8s::CgroupContainer> ReadContainer(const procfs::ProcFs& procfs, const model::ProcessKey& key) {
  const absl::StatusOr<procfs::ProcessDir> dir = procfs.Open(key.pid);
  if (!dir.ok() || dir->key() != key) {
    return std::nullopt;
  }
  const absl::StatusOr<std::string> cgroup = dir->ReadCgroup();
  return cgroup.ok() ? k8s::ParseCgroup(*cgroup) : std::nullopt;
}

}  // namespace

TargetSelection::TargetSelection(const procfs::ProcFs* procfs, Selector* selector, const PodSelection* pod_selection,
                                 k8s::PodSource* pods, const base::Clock* clock, Callbacks callbacks)
    : procfs_(procfs),
      selector_(selector),
      pod_selection_(pod_selection),
      pods_(pods),
      clock_(clock),
      callbacks_(std::move(callbacks)) {}

void TargetSelection::OnAppeared(const ProcessInfo& process) {
  SelectionDecision by_options = selector_->Decide(process);
  std::optional<k8s::CgroupContainer> container;
  if (pods_ != nullptr) {
    container = ReadContainer(*procfs_, process.key);
  }
  if (!container) {
    if (by_options.is_selected) {
      callbacks_.on_selected({.process = process, .workload = {}, .container_id = "", .reason = by_options.reason});
    }
    return;
  }
  Entry& entry = entries_[process.key];
  StopWaiting(entry);
  entry = {.process = process,
           .container = *std::move(container),
           .options_decision = std::move(by_options),
           .appeared_ns = clock_->MonotonicNs()};
  Evaluate(entry, *pods_->snapshot());
  AskForRetry();
}

void TargetSelection::OnGone(const model::ProcessKey& key) {
  if (const auto found = entries_.find(key); found != entries_.end()) {
    StopWaiting(found->second);
    entries_.erase(found);
  }
  callbacks_.on_gone(key);
}

void TargetSelection::OnPodsChanged() {
  const std::shared_ptr<const k8s::PodSnapshot> snapshot = pods_->snapshot();
  for (auto& [key, entry] : entries_) {
    Evaluate(entry, *snapshot);
  }
  AskForRetry();
}

void TargetSelection::Retry() {
  const int64_t now_ns = clock_->MonotonicNs();
  if (now_ns < asked_for_ns_) {
    return;  // Asked for earlier, and since then again.
  }
  asked_for_ns_ = 0;
  const std::shared_ptr<const k8s::PodSnapshot> snapshot = pods_->snapshot();
  std::vector<model::ProcessKey> due;
  for (auto it = waiting_.begin(); it != waiting_.end() && it->first <= now_ns; ++it) {
    due.push_back(it->second);
  }
  for (const model::ProcessKey& key : due) {
    Entry& entry = entries_.find(key)->second;
    StopWaiting(entry);
    Evaluate(entry, *snapshot);
  }
  AskForRetry();
}

void TargetSelection::Evaluate(Entry& entry, const k8s::PodSnapshot& snapshot) {
  k8s::ContainerRef workload = snapshot.Find(entry.container);
  const bool is_complete = workload.pod != nullptr && workload.container != nullptr &&
                           workload.pod->instrumentation_lookup != k8s::InstrumentationLookup::kPending;
  if (workload.pod == nullptr && entry.is_decided && entry.workload.pod != nullptr) {
    return;  // The pod is gone and the process will be; what was decided about it stays.
  }
  if (is_complete && entry.is_decided && entry.workload.pod == workload.pod) {
    return;
  }
  const Verdict verdict = Decide(entry, workload);
  const bool is_patient =
      absl::Nanoseconds(clock_->MonotonicNs() - entry.appeared_ns) < kIdentityPatience && !entry.is_selected;
  const bool may_become_better = !is_complete && verdict.first && is_patient;
  if (may_become_better || workload.pod == nullptr) {
    Wait(entry);
  } else {
    StopWaiting(entry);  // A change of the pod is told by the source.
  }
  if (may_become_better) {
    return;
  }
  entry.workload = std::move(workload);
  entry.is_decided = true;
  Apply(entry, verdict);
}

TargetSelection::Verdict TargetSelection::Decide(const Entry& entry, const k8s::ContainerRef& workload) const {
  const SelectionDecision& options = entry.options_decision;
  if (workload.pod == nullptr) {
    return {options.is_selected, options.reason};
  }
  PodDecision pod = pod_selection_->Decide(workload, entry.process.exe.path);
  switch (pod.verdict) {
    case PodVerdict::kDisabled: return {false, std::move(pod.reason)};
    case PodVerdict::kLeftAlone:
      return options.is_named_by_pid ? Verdict(true, options.reason) : Verdict(false, std::move(pod.reason));
    case PodVerdict::kSelected: return {true, std::move(pod.reason)};
    case PodVerdict::kNotSelected: break;
  }
  return options.is_selected ? Verdict(true, options.reason) : Verdict(false, std::move(pod.reason));
}

void TargetSelection::Apply(Entry& entry, const Verdict& verdict) {
  const auto& [is_selected, reason] = verdict;
  if (is_selected == entry.is_selected) {
    return;
  }
  entry.is_selected = is_selected;
  if (is_selected) {
    callbacks_.on_selected({.process = entry.process,
                            .workload = entry.workload,
                            .container_id = entry.container.container_id,
                            .reason = reason});
  } else {
    callbacks_.on_deselected(entry.process.key, reason);
  }
}

void TargetSelection::Wait(Entry& entry) {
  if (entry.retry_at_ns != 0) {
    return;
  }
  const int64_t now_ns = clock_->MonotonicNs();
  const int64_t patient_until_ns = entry.appeared_ns + absl::ToInt64Nanoseconds(kIdentityPatience);
  entry.retry_at_ns = now_ns + absl::ToInt64Nanoseconds(entry.retry_delay);
  if (now_ns < patient_until_ns) {
    pods_->RequestRefresh();
    entry.retry_at_ns = std::min(entry.retry_at_ns, patient_until_ns);
  }
  entry.retry_delay = std::min(2 * entry.retry_delay, kMaxRetry);
  waiting_.emplace(entry.retry_at_ns, entry.process.key);
}

void TargetSelection::StopWaiting(Entry& entry) {
  if (entry.retry_at_ns != 0) {
    waiting_.erase({entry.retry_at_ns, entry.process.key});
    entry.retry_at_ns = 0;
  }
}

void TargetSelection::AskForRetry() {
  if (waiting_.empty() || (asked_for_ns_ != 0 && asked_for_ns_ <= waiting_.begin()->first)) {
    return;
  }
  asked_for_ns_ = waiting_.begin()->first;
  callbacks_.on_retry_wanted(std::max(absl::ZeroDuration(), absl::Nanoseconds(asked_for_ns_ - clock_->MonotonicNs())));
}

}  // namespace nodespan::discovery
