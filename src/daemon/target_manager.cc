// SPDX-License-Identifier: Apache-2.0
#include "daemon/target_manager.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "absl/hash/hash.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "config/target_options.h"
#include "config/warnings.h"
#include "daemon/live_check.h"
#include "daemon/process_symbols.h"
#include "ebpf/uprobe.h"
#include "k8s/identity.h"
#include "k8s/instrumentation.h"

namespace nodespan::daemon {
namespace {

// Run-time address minus linked address, from where the process has mapped the code of a planned probe.
absl::StatusOr<uint64_t> FindLoadBias(const std::vector<procfs::ExeMapping>& mappings, const attach::AttachPlan& plan) {
  for (const attach::LibraryPlan& library : plan.libraries) {
    for (const attach::PlannedProbe& probe : library.probes) {
      for (const procfs::ExeMapping& mapping : mappings) {
        const uint64_t bytes = mapping.end_addr - mapping.start_addr;
        if (mapping.is_executable && probe.file_off >= mapping.file_off && probe.file_off - mapping.file_off < bytes) {
          const uint64_t run_time_addr = mapping.start_addr + (probe.file_off - mapping.file_off);
          return run_time_addr - (probe.function.vaddr + probe.function_off);
        }
      }
    }
  }
  return base::MakeStatus(absl::StatusCode::kNotFound, "the process has not mapped the code of its executable");
}

const k8s::Instrumentation* FindInstrumentation(const k8s::ContainerRef& workload) {
  return workload.pod == nullptr ? nullptr : workload.pod->instrumentation.get();
}

// Where the words of a target come from.
std::string DescribeSource(const k8s::Instrumentation* instrumentation) {
  return instrumentation == nullptr ? "environment"
                                    : fmt::format("environment, or the Instrumentation {}/{}",
                                                  instrumentation->namespace_name, instrumentation->name);
}

// For the log: " pod=NAMESPACE/NAME", and what came of the Instrumentation that it asks for.
std::string DescribePod(const k8s::ContainerRef& workload) {
  using Lookup = k8s::InstrumentationLookup;
  if (workload.pod == nullptr) {
    return "";
  }
  const k8s::Pod& pod = *workload.pod;
  std::string text = fmt::format(" pod={}/{}", pod.namespace_name, pod.name);
  switch (pod.instrumentation_lookup) {
    case Lookup::kNone: break;
    case Lookup::kPending: text += " instrumentation=none (not known yet)"; break;
    case Lookup::kFound:
      text += fmt::format(" instrumentation={}/{}", pod.instrumentation->namespace_name, pod.instrumentation->name);
      break;
    case Lookup::kMissing: text += " instrumentation=none (the one that inject-go names is not there)"; break;
    case Lookup::kAmbiguous: text += " instrumentation=none (its namespace has several)"; break;
  }
  return text;
}

}  // namespace

void TargetManager::OnSelected(const discovery::SelectedProcess& selected) {
  const discovery::ProcessInfo& info = selected.process;
  absl::StatusOr<procfs::ProcessDir> dir = deps_.procfs->Open(info.key.pid);
  if (!dir.ok() || dir->key() != info.key) {
    return;  // It has ended; its exit is reported, or found by the sweep.
  }
  Process& process = processes_[info.key];
  process = Process{};
  process.appearance = next_appearance_++;
  process.exe = info.exe.path;
  process.workload = selected.workload;
  process.container_id = selected.container_id;
  UpdateGauges();
  spdlog::debug("selected pid={} exe={}: {}", info.key.pid, process.exe, selected.reason);
  deps_.counters->Add(metrics::Counter::kProcessesScanned);
  absl::StatusOr<base::UniqueFd> exe_fd = dir->OpenExe();
  if (!exe_fd.ok()) {
    Refuse(info.key, process, exe_fd.status());
    return;
  }
  // Of what was opened: the process may have executed another program since it was reported.
  const absl::StatusOr<procfs::FileIdentity> exe_identity = procfs::ReadIdentity(exe_fd->get());
  if (!exe_identity.ok()) {
    Refuse(info.key, process, exe_identity.status());
    return;
  }
  process.exe_identity = *exe_identity;
  deps_.inspector->Inspect(*exe_identity, *std::move(exe_fd),
                           [this, key = info.key, appearance = process.appearance](
                               const BinaryInspector::Result& result) { OnInspected(key, appearance, result); });
}

void TargetManager::OnInspected(const model::ProcessKey& key, uint64_t appearance,
                                const BinaryInspector::Result& result) {
  const auto it = processes_.find(key);
  if (it == processes_.end() || it->second.appearance != appearance) {
    return;  // It ended or executed something else while its file was read.
  }
  Process& process = it->second;
  if (!result.ok()) {
    Refuse(key, process, result.status());
    return;
  }
  process.inspection = *result;
  if (const absl::Status status = Trace(key, process); !status.ok()) {
    Refuse(key, process, status);
  }
  UpdateGauges();
}

absl::Status TargetManager::Trace(const model::ProcessKey& key, Process& process) {
  const Inspection& inspection = *process.inspection;
  if (!inspection.plan.attaches_anything()) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{}", inspection.plan.Problems());
  }
  NODESPAN_ASSIGN_OR_RETURN(const procfs::ProcessDir dir, deps_.procfs->Open(key.pid));
  if (dir.key() != key) {
    return absl::NotFoundError("the process has ended");
  }
  NODESPAN_ASSIGN_OR_RETURN(const auto environment, dir.ReadEnviron({"OTEL_", "NODESPAN_EXCLUDE_"}));
  const k8s::Instrumentation* instrumentation = FindInstrumentation(process.workload);
  const std::string source = DescribeSource(instrumentation);
  config::Warnings warnings;
  const config::TargetOptions options = config::ReadTargetOptions(
      environment, *deps_.config, warnings,
      instrumentation == nullptr ? std::span<const config::Environment>() : instrumentation->environments);
  for (const std::string& warning : warnings.list()) {
    spdlog::warn("pid={} {}: {}", key.pid, source, warning);
  }
  if (options.sdk_disabled) {
    return base::MakeStatus(absl::StatusCode::kFailedPrecondition, "OTEL_SDK_DISABLED=true in its {}", source);
  }

  // The probes go into exactly the file that is opened here. It is the file that was inspected (identity) and what the
  // process runs (its mappings and the bytes there), also when the path on disk leads to another one by now. A process
  // that executes another program after this has nothing of the file mapped, so the probes do not reach it.
  NODESPAN_ASSIGN_OR_RETURN(base::UniqueFd exe_fd, dir.OpenExe());
  NODESPAN_ASSIGN_OR_RETURN(const procfs::FileIdentity exe_identity, procfs::ReadIdentity(exe_fd.get()));
  if (exe_identity != process.exe_identity) {
    return absl::NotFoundError("the process has executed another program meanwhile");
  }
  NODESPAN_ASSIGN_OR_RETURN(const std::vector<procfs::ExeMapping> mappings, dir.ReadExeMappings(exe_fd.get()));
  NODESPAN_ASSIGN_OR_RETURN(const uint64_t load_bias, FindLoadBias(mappings, inspection.plan));
  NODESPAN_ASSIGN_OR_RETURN(const base::UniqueFd memory_fd, dir.OpenMemory());
  const goinspect::Arch arch = inspection.info.arch;
  NODESPAN_RETURN_IF_ERROR(CountMismatch(CheckMemory(memory_fd.get(), load_bias, inspection.witnesses, arch)));
  NODESPAN_ASSIGN_OR_RETURN(discovery::ProcessFacts facts, discovery::ReadProcessFacts(dir, *deps_.host));
  facts.go_version = inspection.info.go_version;
  facts.go_build_id = inspection.info.go_build_id;
  model::ResourcePtr resource = MakeResource(process, facts, {options.service_name, options.resource_attributes});

  NODESPAN_ASSIGN_OR_RETURN(process.target, deps_.attacher->Reserve());
  const spans::TargetKey directory_key{process.target.slot, process.target.generation};
  attach::AttachRequest request;
  request.pid = key.pid;
  request.exe_fd = exe_fd.get();  // stays open in the directory
  deps_.directory->Add(directory_key,
                       {.resource = std::move(resource),
                        .options = options.spans,
                        .types = inspection.plan.types,
                        .code = std::make_shared<ProcessSymbols>(std::move(exe_fd), exe_identity, arch,
                                                                 inspection.symbols, &base::Clock::Real())});
  request.load_bias = load_bias;
  // Without a build id nothing proves that two files are equal: the parameters are then this inspection's alone.
  request.binary_content_hash = inspection.content_identity != 0 ? inspection.content_identity
                                                                 : absl::HashOf(static_cast<const void*>(&inspection));
  request.sampler = options.sampler;
  request.exclusions = options.exclusions;
  request.continues_traces = options.continues_traces;
  request.traces_api_spans = options.traces_api_spans;
  request.propagates = deps_.config->propagates && options.continues_traces;
  request.watches_own_sdk = deps_.config->self_exporting == config::SelfExporting::kSkip;
  if (absl::Status status = deps_.attacher->Attach(process.target, inspection.plan, request); !status.ok()) {
    deps_.directory->Release(directory_key);
    return status;
  }
  process.state = State::kTraced;
  if (absl::Status status = CountMismatch(
          CheckProbes(memory_fd.get(), load_bias, inspection.plan, arch,
                      [&](const attach::LibraryPlan& library) { return deps_.attacher->Attaches(library, request); }));
      !status.ok()) {
    Detach(process);
    return status;
  }
  spdlog::info("attached pid={} exe={} go={} by={}{}", key.pid, process.exe, inspection.info.go_version,
               ebpf::ToString(deps_.attacher->method()), DescribePod(process.workload));
  if (const std::string problems = inspection.plan.Problems(request.propagates); !problems.empty()) {
    spdlog::info("pid={} partly: {}", key.pid, problems);
  }
  return absl::OkStatus();
}

model::ResourcePtr TargetManager::MakeResource(const Process& process, const discovery::ProcessFacts& facts,
                                               const discovery::StatedIdentity& identity) const {
  const config::Config& config = *deps_.config;
  const discovery::StatedIdentity node{config.targets.service_name, config.targets.resource_attributes};
  std::optional<k8s::WorkloadIdentity> workload;
  if (process.workload.pod != nullptr) {
    const k8s::IdentityOptions options = {
        .node_name = config.pods.node_name,
        .uses_labels = config.pods.uses_labels_for_identity,
        .instance_suffix = IsFirstOfContainer(process) ? "" : std::to_string(facts.vpid)};
    workload = k8s::DescribeWorkload(process.workload, process.container_id, options);
  }
  return std::make_shared<const model::Resource>(
      discovery::BuildProcessResource(facts, *deps_.host, identity, node, workload ? &*workload : nullptr));
}

// Most containers have one Go process, whose instance is then known by the name of the container alone.
bool TargetManager::IsFirstOfContainer(const Process& process) const {
  return std::none_of(processes_.begin(), processes_.end(), [&](const auto& entry) {
    return entry.second.state == State::kTraced && entry.second.container_id == process.container_id;
  });
}

absl::Status TargetManager::CountMismatch(absl::Status status) {
  if (absl::IsFailedPrecondition(status)) {
    deps_.counters->Add(metrics::Counter::kTargetsMismatched);
  }
  return status;
}

void TargetManager::Refuse(const model::ProcessKey& key, Process& process, const absl::Status& why) {
  if (absl::IsNotFound(why)) {
    // Not a Go program, or ended meanwhile: nothing that anybody would miss.
    spdlog::debug("pid={} exe={} left alone: {}", key.pid, process.exe, base::Message(why));
    processes_.erase(key);
    UpdateGauges();
    return;
  }
  process.state = State::kRefused;
  process.reason = base::Message(why);
  deps_.counters->Add(metrics::Counter::kTargetsRefused);
  spdlog::warn("not traced: pid={} exe={}: {}", key.pid, process.exe, process.reason);
  UpdateGauges();
}

void TargetManager::OnDeselected(const model::ProcessKey& key, const std::string& reason) {
  const auto node = processes_.extract(key);
  if (node.empty()) {
    return;  // Not a Go program.
  }
  Detach(node.mapped());
  UpdateGauges();
  if (node.mapped().state == State::kTraced) {
    spdlog::info("detached pid={} exe={}: {}", key.pid, node.mapped().exe, reason);
  }
}

void TargetManager::OnGone(const model::ProcessKey& key) {
  const auto node = processes_.extract(key);
  if (!node.empty()) {
    Detach(node.mapped());
    UpdateGauges();
  }
}

void TargetManager::OnExports(attach::TargetId target) {
  const auto found = std::find_if(processes_.begin(), processes_.end(), [&](const auto& entry) {
    return entry.second.state == State::kTraced && entry.second.target == target;
  });
  if (found == processes_.end()) {
    return;  // More than one batch was on its way.
  }
  auto& [key, process] = *found;
  Detach(process);
  Refuse(
      key, process,
      base::MakeStatus(absl::StatusCode::kFailedPrecondition,
                       "it exports spans with its own OpenTelemetry SDK (--self-exporting=trace traces it as well)"));
}

void TargetManager::Detach(const Process& process) {
  if (process.state == State::kTraced) {
    deps_.attacher->Detach(process.target, [directory = deps_.directory, target = process.target](uint64_t) {
      directory->Release({target.slot, target.generation});
    });
  }
}

void TargetManager::DetachAll() {
  for (const auto& [key, process] : processes_) {
    Detach(process);
  }
  processes_.clear();
}

void TargetManager::UpdateGauges() {
  const auto count = [this](State state) {
    return std::count_if(processes_.begin(), processes_.end(),
                         [state](const auto& entry) { return entry.second.state == state; });
  };
  deps_.gauges->Set(metrics::Gauge::kTargetsInspecting, count(State::kInspecting));
  deps_.gauges->Set(metrics::Gauge::kTargetsTraced, count(State::kTraced));
  deps_.gauges->Set(metrics::Gauge::kTargetsRefused, count(State::kRefused));
}

}  // namespace nodespan::daemon
