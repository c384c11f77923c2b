// SPDX-License-Identifier: Apache-2.0
#include "daemon/daemon.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <memory>
#include <optional>
#include <utility>

#include "attach/attacher.h"
#include "attach/tracer_object.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/event_loop.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "daemon/exporters.h"
#include "daemon/health.h"
#include "daemon/http_endpoint.h"
#include "daemon/inspector.h"
#include "daemon/loss_report.h"
#include "daemon/metrics_page.h"
#include "daemon/pod_sources.h"
#include "daemon/record_reader_thread.h"
#include "daemon/span_metrics_page.h"
#include "daemon/target_discovery.h"
#include "daemon/target_manager.h"
#include "discovery/facts.h"
#include "discovery/pod_selection.h"
#include "discovery/selector.h"
#include "ebpf/kernel_features.h"
#include "k8s/cgroup.h"
#include "k8s/label_selector.h"
#include "metrics/counters.h"
#include "metrics/gauges.h"
#include "model/version.h"
#include "procfs/procfs.h"
#include "spans/span_assembler.h"
#include "spans/target_directory.h"

namespace nodespan::daemon {
namespace {

// Lets go of what is kept of released targets.
constexpr absl::Duration kForgetTargetsPeriod = absl::Seconds(30);
// How long the control loop may take to answer /healthz.
constexpr absl::Duration kLoopPatience = absl::Seconds(2);
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

// The uid of the pod that nodespan runs in; empty when it is in none, or when its cgroup namespace hides it.
std::string OwnPodUid(const config::PodOptions& options, const procfs::ProcFs& procfs) {
  if (!options.own_pod_uid.empty()) {
    return options.own_pod_uid;
  }
  const absl::StatusOr<pid_t> pid = procfs.SelfPid();
  const absl::StatusOr<procfs::ProcessDir> self = pid.ok() ? procfs.Open(*pid) : pid.status();
  const absl::StatusOr<std::string> cgroup = self.ok() ? self->ReadCgroup() : self.status();
  const std::optional<k8s::CgroupContainer> container = cgroup.ok() ? k8s::ParseCgroup(*cgroup) : std::nullopt;
  return container ? container->pod_uid : "";
}

absl::StatusOr<discovery::PodSelectionOptions> ToPodSelectionOptions(const config::PodOptions& options,
                                                                     const procfs::ProcFs& procfs) {
  NODESPAN_ASSIGN_OR_RETURN(k8s::LabelSelector selector, ParsePodSelector(options));
  return discovery::PodSelectionOptions{.selector = std::move(selector),
                                        .namespaces = options.namespaces,
                                        .exclude_namespaces = options.exclude_namespaces,
                                        .own_pod_uid = OwnPodUid(options, procfs)};
}

// In a pod, `uname` gives the name of the pod unless it is in the host's network.
discovery::HostFacts ReadNodeFacts(const config::PodOptions& options) {
  discovery::HostFacts host = discovery::ReadHostFacts();
  if (!options.node_name.empty()) {
    host.name = options.node_name;
  }
  return host;
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
  NODESPAN_ASSIGN_OR_RETURN(const auto procfs, procfs::RealProcFs::Create());
  NODESPAN_ASSIGN_OR_RETURN(const discovery::PodSelectionOptions pod_options,
                            ToPodSelectionOptions(config.pods, *procfs));
  config::PodOptions pod_source = config.pods;
  NODESPAN_ASSIGN_OR_RETURN(pod_source.source, ResolvePodSource(config));
  ebpf::RaiseMemlockLimit();
  NODESPAN_ASSIGN_OR_RETURN(const ebpf::KernelFeatures features, DetectFeatures(config.attach_method));
  attach::TracerObject::Options object_options;
  object_options.show_verifier_log = config.show_verifier_log;
  object_options.captured = config.captured;
  object_options.propagates = config.propagates;
  const bool counts_spans = config.span_metrics || config.metrics.exports_otlp;
  object_options.records_unsampled = counts_spans;
  NODESPAN_ASSIGN_OR_RETURN(const auto object, attach::TracerObject::Load(features, object_options));
  const discovery::HostFacts host = ReadNodeFacts(config.pods);

  // Declared so that destruction is the order of shutdown, last first: stop discovery, detach, drain the ring, export.
  metrics::Counters counters;
  metrics::Gauges gauges;
  spans::TargetDirectory directory(&base::Clock::Real());
  NODESPAN_ASSIGN_OR_RETURN(const auto processor, MakeBatchProcessor(config, &counters));
  spans::SpanAssembler assembler(&directory, &base::Clock::Real(), &counters, {.captured = config.captured});
  exporting::SpanMetrics span_metrics;
  const otlp::MetricsIdentity metrics_identity = {.host_name = host.name,
                                                  .node_name = config.pods.node_name,
                                                  .start_unix_ns = static_cast<uint64_t>(base::Clock::Real().WallNs())};
  NODESPAN_ASSIGN_OR_RETURN(const auto metrics_exporter,
                            MakeMetricsExporter(config.metrics, metrics_identity, &span_metrics, &counters));
  NODESPAN_ASSIGN_OR_RETURN(auto reader, RecordReaderThread::Start(object->records_fd(), &assembler, processor.get(),
                                                                   counts_spans ? &span_metrics : nullptr));
  std::optional<attach::Attacher> attacher(std::in_place, object.get(), &counters);
  NODESPAN_ASSIGN_OR_RETURN(const auto loop, base::EventLoop::Create());
  std::optional<Inspector> inspector(std::in_place, loop.get(), &counters);
  TargetManager targets({&config, procfs.get(), &host, &*inspector, &*attacher, &directory, &counters, &gauges});
  std::optional<TargetDiscovery> target_discovery(
      std::in_place,
      TargetDiscovery::Dependencies{loop.get(), procfs.get(), object.get(), &targets, &counters, &gauges},
      ToSelectionOptions(config.selection), pod_options);

  if (!features.multi_refusal.empty()) {
    spdlog::info("uprobe_multi is not used: {}", features.multi_refusal);
  }
  for (const attach::TracerObject::Refusal& refusal : object->refusals()) {
    if (refusal.group == attach::kWritingGroup) {
      spdlog::warn(
          "--propagate: this kernel lets no program write into others, so that requests carry no trace on: that "
          "needs CAP_SYS_ADMIN and no lockdown (/sys/kernel/security/lockdown) ({})",
          refusal.reason);
      continue;
    }
    spdlog::warn("this kernel refuses {}: such operations are not traced ({})", refusal.group, refusal.reason);
  }
  if (config.span_metrics && !config.http_listen) {
    spdlog::warn("NODESPAN_SPAN_METRICS=true without --http-listen: nobody can read them");
  }
  if (config.pods.cri_events && pod_source.source != config::PodSourceKind::kCri) {
    spdlog::warn("NODESPAN_CRI_EVENTS=true without pods from the container runtime: it is not listened to");
  }
  if (config.targets.sdk_disabled) {
    spdlog::warn("OTEL_SDK_DISABLED=true: nothing is traced");
  } else {
    WarnAboutMissingPids(config.selection, *procfs);
    NODESPAN_RETURN_IF_ERROR(target_discovery->Start(pod_source));
  }
  NODESPAN_RETURN_IF_ERROR(loop->AddTimer(kForgetTargetsPeriod, [&] { directory.Expire(); }));
  NODESPAN_RETURN_IF_ERROR(loop->AddFd(signal_fd.get(), [&] { loop->Stop(); }));
  const k8s::PodSource* const pods = target_discovery->pods();
  std::unique_ptr<HttpEndpoint> http;
  if (config.http_listen) {
    NODESPAN_ASSIGN_OR_RETURN(
        http,
        HttpEndpoint::Start(
            *config.http_listen,
            {.why_not_alive = [&] { return WhyNotAlive(*loop, *reader, kLoopPatience); },
             .why_not_ready = [&] { return pods == nullptr || pods->is_synced() ? "" : "the pods are not known yet"; },
             .metrics =
                 [&] {
                   return RenderMetrics(counters, gauges, object->ReadCounters(), pods) +
                          (config.span_metrics ? RenderSpanMetrics(span_metrics) : "");
                 }}));
    spdlog::info("serving /healthz, /readyz and /metrics on port {}", http->port());
  }
  spdlog::info("nodespan {} ready: attaching by {}{}", model::kVersion, ebpf::ToString(features.method),
               features.has_attach_cookie ? "" : " without cookies");
  absl::Status run_status = loop->Run();

  http.reset();
  target_discovery.reset();
  inspector.reset();
  targets.DetachAll();
  attacher.reset();  // waits until every probe is gone, so the ring gets nothing more
  reader.reset();    // reads what is left in it
  const absl::Time export_deadline = absl::Now() + kFinalExportTime;
  if (metrics_exporter != nullptr) {
    metrics_exporter->Shutdown(absl::Now() + kFinalExportTime / 2);
  }
  processor->Shutdown(export_deadline);
  if (const std::string details = DetailReport(counters, object->ReadCounters()); !details.empty()) {
    spdlog::info("spans that say less than they could: {}", details);
  }
  // Not a log message: it is there at every log level, for people and scripts.
  fmt::print(stderr, "nodespan: {}\n", LossReport(counters, object->ReadCounters()));
  return run_status;
}

}  // namespace nodespan::daemon
