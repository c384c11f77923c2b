// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "attach/attacher.h"
#include "attach/tracer_object.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/event_loop.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "daemon/exporters.h"
#include "daemon/inspector.h"
#include "daemon/loss_report.h"
#include "daemon/record_reader_thread.h"
#include "daemon/target_manager.h"
#include "discovery/facts.h"
#include "discovery/process_table.h"
#include "discovery/selector.h"
#include "ebpf/kernel_features.h"
#include "ebpf/ring_reader.h"
#include "metrics/counters.h"
#include "model/version.h"
#include "procfs/procfs.h"
#include "spans/span_assembler.h"
#include "spans/target_directory.h"

namespace nodespan::daemon {
namespace {

// Repairs what lost events left wrong; events do the rest at once.
constexpr absl::Duration kSweepPeriod = absl::Seconds(10);
// Without events (another pid namespace) the sweep is all there is.
constexpr absl::Duration kSweepPeriodWithoutEvents = absl::Seconds(1);
// Lets go of what is kept of released targets.
constexpr absl::Duration kForgetTargetsPeriod = absl::Seconds(30);
// Below the 30 s that Kubernetes gives a pod to end.
constexpr absl::Duration kFinalExportTime = absl::Seconds(5);

// Blocks SIGINT and SIGTERM for this thread and those it starts, and makes them readable.
absl::StatusOr<base::UniqueFd> TakeSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (const int error = pthread_sigmask(SIG_BLOCK, &signals, nullptr); error != 0) {
    return base::ErrnoStatus(error, "block signals");
  }
  // A reader of our output that goes away is a write error, not our end.
  (void)signal(SIGPIPE, SIG_IGN);
  base::UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC));
  if (!fd.valid()) {
    return base::ErrnoStatus("signalfd");
  }
  return fd;
}

// The control thread's part: process events and timers drive the table, the table drives the targets.
class Control {
 public:
  Control(base::EventLoop* loop, discovery::ProcessTable* table, TargetManager* targets)
      : loop_(loop), table_(table), targets_(targets) {}

  absl::Status Start(attach::TracerObject* object, metrics::Counters* counters) {
    const bool has_events = object->features().sees_host_pids;
    NODESPAN_ASSIGN_OR_RETURN(events_, ebpf::RingReader::Create(object->process_events_fd(),
                                                                [this, counters](std::span<const uint8_t> bytes) {
                                                                  OnProcessEvent(bytes, counters);
                                                                }));
    NODESPAN_RETURN_IF_ERROR(loop_->AddFd(events_->epoll_fd(), [this] { events_->Drain(); }));
    if (has_events) {
      NODESPAN_ASSIGN_OR_RETURN(links_, object->AttachProcessWatch());
    } else {
      spdlog::warn("not in the host's pid namespace: new processes are found once per second (set hostPID: true)");
    }
    NODESPAN_RETURN_IF_ERROR(table_->Scan());
    return loop_->AddTimer(has_events ? kSweepPeriod : kSweepPeriodWithoutEvents, [this] {
      if (const absl::Status status = table_->Sweep(); !status.ok()) {
        spdlog::warn("sweep of /proc: {}; trying again", base::Message(status));
      }
    });
  }

 private:
  void OnProcessEvent(std::span<const uint8_t> bytes, metrics::Counters* counters) {
    ns_process_event event{};
    if (bytes.size() != sizeof(event)) {
      counters->Add(metrics::Counter::kRecordsMalformed);
      return;
    }
    std::memcpy(&event, bytes.data(), sizeof(event));
    switch (event.type) {
      case NS_PROCESS_EXEC: table_->OnExec(static_cast<pid_t>(event.pid)); break;
      case NS_PROCESS_EXIT: table_->OnExit(static_cast<pid_t>(event.pid)); break;
      case NS_PROCESS_EXPORTS: targets_->OnExports({event.target_slot, event.target_generation}); break;
      default: counters->Add(metrics::Counter::kRecordsMalformed);
    }
  }

  base::EventLoop* const loop_;
  discovery::ProcessTable* const table_;
  TargetManager* const targets_;
  std::unique_ptr<ebpf::RingReader> events_;
  std::vector<ebpf::Link> links_;  // before the ring: no events without a reader
};

absl::StatusOr<ebpf::KernelFeatures> DetectFeatures(config::AttachMethod method) {
  if (method == config::AttachMethod::kAuto) {
    return ebpf::DetectKernelFeatures();
  }
  const ebpf::UprobeMethod forced =
      method == config::AttachMethod::kPerf ? ebpf::UprobeMethod::kPerf : ebpf::UprobeMethod::kMulti;
  return ebpf::DetectKernelFeatures(&forced);
}

discovery::SelectionOptions ToSelectionOptions(const config::Selection& selection) {
  return {selection.pids, selection.exe_globs, selection.all};
}

void WarnAboutMissingPids(const config::Selection& selection, const procfs::ProcFs& procfs) {
  for (const pid_t pid : selection.pids) {
    if (!procfs.Open(pid).ok()) {
      spdlog::warn("no process with pid {} yet; it is traced when it appears", pid);
    }
  }
}

}  // namespace

absl::Status RunDaemon(const config::Config& config) {
  NODESPAN_ASSIGN_OR_RETURN(const base::UniqueFd signal_fd, TakeSignals());
  ebpf::RaiseMemlockLimit();
  NODESPAN_ASSIGN_OR_RETURN(const ebpf::KernelFeatures features, DetectFeatures(config.attach_method));
  attach::TracerObject::Options object_options;
  object_options.show_verifier_log = config.show_verifier_log;
  object_options.captured = config.captured;
  NODESPAN_ASSIGN_OR_RETURN(const auto object, attach::TracerObject::Load(features, object_options));
  NODESPAN_ASSIGN_OR_RETURN(const auto procfs, procfs::RealProcFs::Create());
  const absl::StatusOr<pid_t> own_pid = procfs->SelfPid();
  const discovery::HostFacts host = discovery::ReadHostFacts();

  // Declared so that destruction is the order of shutdown, last first: stop discovery, detach, drain the ring, export.
  metrics::Counters counters;
  spans::TargetDirectory directory(&base::Clock::Real());
  NODESPAN_ASSIGN_OR_RETURN(const auto processor, MakeBatchProcessor(config, &counters));
  spans::SpanAssembler assembler(&directory, &base::Clock::Real(), &counters, {.captured = config.captured});
  NODESPAN_ASSIGN_OR_RETURN(auto reader, RecordReaderThread::Start(object->records_fd(), &assembler, processor.get()));
  std::optional<attach::Attacher> attacher(std::in_place, object.get(), &counters);
  NODESPAN_ASSIGN_OR_RETURN(const auto loop, base::EventLoop::Create());
  std::optional<Inspector> inspector(std::in_place, loop.get(), &counters);
  discovery::Selector selector(ToSelectionOptions(config.selection),
                               own_pid.ok() ? std::optional(*own_pid) : std::nullopt);
  TargetManager targets({&config, procfs.get(), &host, &selector, &*inspector, &*attacher, &directory, &counters});
  discovery::ProcessTable table(*procfs, counters,
                                {[&](const discovery::ProcessInfo& process) { targets.OnAppeared(process); },
                                 [&](const model::ProcessKey& key) { targets.OnGone(key); }});

  spdlog::info("nodespan {} ready: attaching by {}{}", model::kVersion, ebpf::ToString(features.method),
               features.has_attach_cookie ? "" : " without cookies");
  if (!features.multi_refusal.empty()) {
    spdlog::info("uprobe_multi is not used: {}", features.multi_refusal);
  }
  for (const attach::TracerObject::Refusal& refusal : object->refusals()) {
    spdlog::warn("this kernel refuses {}: such operations are not traced ({})", refusal.group, refusal.reason);
  }
  std::optional<Control> control(std::in_place, loop.get(), &table, &targets);
  if (config.sdk_disabled) {
    spdlog::warn("OTEL_SDK_DISABLED=true: nothing is traced");
  } else {
    WarnAboutMissingPids(config.selection, *procfs);
    NODESPAN_RETURN_IF_ERROR(control->Start(object.get(), &counters));
  }
  NODESPAN_RETURN_IF_ERROR(loop->AddTimer(kForgetTargetsPeriod, [&] { directory.Expire(); }));
  NODESPAN_RETURN_IF_ERROR(loop->AddFd(signal_fd.get(), [&] { loop->Stop(); }));
  absl::Status run_status = loop->Run();

  control.reset();
  inspector.reset();
  targets.DetachAll();
  attacher.reset();  // waits until every probe is gone, so the ring gets nothing more
  reader.reset();    // reads what is left in it
  processor->Shutdown(absl::Now() + kFinalExportTime);
  if (const std::string details = DetailReport(counters, object->ReadCounters()); !details.empty()) {
    spdlog::info("spans that say less than they could: {}", details);
  }
  // Not a log message: it is there at every log level, for people and scripts.
  fmt::print(stderr, "nodespan: {}\n", LossReport(counters, object->ReadCounters()));
  return run_status;
}

}  // namespace nodespan::daemon
