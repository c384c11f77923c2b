// SPDX-License-Identifier: Apache-2.0
#include "daemon/target_discovery.h"

#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "daemon/pod_sources.h"

namespace nodespan::daemon {
namespace {

// Repairs what lost events left wrong; events do the rest at once.
constexpr absl::Duration kSweepPeriod = absl::Seconds(10);
// Without events (another pid namespace) the sweep is all there is.
constexpr absl::Duration kSweepPeriodWithoutEvents = absl::Seconds(1);
// Changes of pods that come this close together are looked at together.
constexpr absl::Duration kPodsSettle = absl::Milliseconds(20);

std::optional<pid_t> OwnPid(const procfs::ProcFs& procfs) {
  const absl::StatusOr<pid_t> pid = procfs.SelfPid();
  return pid.ok() ? std::optional(*pid) : std::nullopt;
}

}  // namespace

TargetDiscovery::TargetDiscovery(const Dependencies& dependencies, discovery::SelectionOptions selection,
                                 discovery::PodSelectionOptions pod_selection)
    : deps_(dependencies),
      selector_(std::move(selection), OwnPid(*dependencies.procfs)),
      pod_options_(std::move(pod_selection)),
      pod_selection_(pod_options_),
      table_(*dependencies.procfs, *dependencies.counters,
             {[this](const discovery::ProcessInfo& process) {
                selection_->OnAppeared(process);
                UpdateGauges();
              },
              [this](const model::ProcessKey& key) {
                selection_->OnGone(key);
                UpdateGauges();
              }}) {}

absl::Status TargetDiscovery::Start(const config::PodOptions& pods) {
  NODESPAN_RETURN_IF_ERROR(StartPods(pods));
  selection_.emplace(
      deps_.procfs, &selector_, &pod_selection_, pods_.get(), &base::Clock::Real(),
      discovery::TargetSelection::Callbacks{
          .on_selected = [this](const auto& selected) { deps_.targets->OnSelected(selected); },
          .on_deselected = [this](const auto& key, const auto& reason) { deps_.targets->OnDeselected(key, reason); },
          .on_gone = [this](const auto& key) { deps_.targets->OnGone(key); },
          .on_retry_wanted =
              [this](absl::Duration delay) {
                // Without a timer the next change of the pods or of a process comes to it.
                (void)deps_.loop->RunAfter(delay, [this] {
                  selection_->Retry();
                  UpdateGauges();
                });
              }});
  return StartEvents();
}

absl::Status TargetDiscovery::StartPods(const config::PodOptions& options) {
  NODESPAN_ASSIGN_OR_RETURN(
      pods_, StartPodSource(options, pod_options_.selector, deps_.counters, [this] {
        if (!has_pod_change_.exchange(true)) {
          deps_.loop->PostTask([this] { (void)deps_.loop->RunAfter(kPodsSettle, [this] { LookAtPods(); }); });
        }
      }));
  return absl::OkStatus();
}

absl::Status TargetDiscovery::StartEvents() {
  const bool has_events = deps_.object->features().sees_host_pids;
  NODESPAN_ASSIGN_OR_RETURN(
      events_, ebpf::RingReader::Create(deps_.object->process_events_fd(),
                                        [this](std::span<const uint8_t> bytes) { OnProcessEvent(bytes); }));
  NODESPAN_RETURN_IF_ERROR(deps_.loop->AddFd(events_->epoll_fd(), [this] { events_->Drain(); }));
  if (has_events) {
    NODESPAN_ASSIGN_OR_RETURN(links_, deps_.object->AttachProcessWatch());
  } else {
    spdlog::warn("not in the host's pid namespace: new processes are found once per second (set hostPID: true)");
  }
  NODESPAN_RETURN_IF_ERROR(table_.Scan());
  return deps_.loop->AddTimer(has_events ? kSweepPeriod : kSweepPeriodWithoutEvents, [this] {
    if (const absl::Status status = table_.Sweep(); !status.ok()) {
      spdlog::warn("sweep of /proc: {}; trying again", base::Message(status));
    }
  });
}

void TargetDiscovery::OnProcessEvent(std::span<const uint8_t> bytes) {
  ns_process_event event{};
  if (bytes.size() != sizeof(event)) {
    deps_.counters->Add(metrics::Counter::kRecordsMalformed);
    return;
  }
  std::memcpy(&event, bytes.data(), sizeof(event));
  switch (event.type) {
    case NS_PROCESS_EXEC: table_.OnExec(static_cast<pid_t>(event.pid)); break;
    case NS_PROCESS_EXIT: table_.OnExit(static_cast<pid_t>(event.pid)); break;
    case NS_PROCESS_EXPORTS: deps_.targets->OnExports({event.target_slot, event.target_generation}); break;
    default: deps_.counters->Add(metrics::Counter::kRecordsMalformed);
  }
}

void TargetDiscovery::LookAtPods() {
  has_pod_change_ = false;
  selection_->OnPodsChanged();
  UpdateGauges();
}

void TargetDiscovery::UpdateGauges() {
  using metrics::Gauge;
  deps_.gauges->Set(Gauge::kTargetsWaiting, static_cast<int64_t>(selection_->waiting_count()));
  deps_.gauges->Set(Gauge::kContainerProcesses, static_cast<int64_t>(selection_->tracked_count()));
}

}  // namespace nodespan::daemon
