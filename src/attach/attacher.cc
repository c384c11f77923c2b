// SPDX-License-Identifier: Apache-2.0
#include "attach/attacher.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "ebpf/uprobe.h"

namespace nodespan::attach {
namespace {

// Free slots as a stack with the lowest number on top.
std::vector<uint32_t> AllSlots(uint32_t count) {
  std::vector<uint32_t> slots;
  slots.reserve(count);
  for (uint32_t i = count; i > 0; --i) {
    slots.push_back(i - 1);
  }
  return slots;
}

// What the kernel decides by.
struct AbiSampler {
  uint8_t root = NS_SAMPLE_ALWAYS;
  uint64_t threshold = 0;
};

AbiSampler ToAbi(const model::Sampler& sampler) {
  switch (sampler.root) {
    case model::RootSampler::kAlwaysOn: return {.root = NS_SAMPLE_ALWAYS};
    case model::RootSampler::kAlwaysOff: return {.root = NS_SAMPLE_NEVER};
    case model::RootSampler::kTraceIdRatio:
      return {.root = NS_SAMPLE_TRACE_ID_RATIO, .threshold = model::TraceIdRatioThreshold(sampler.ratio)};
    case model::RootSampler::kConsistentProbability: {
      const uint64_t threshold = model::ConsistentThreshold(sampler.ratio);
      if (threshold == model::kConsistentNever) {
        return {.root = NS_SAMPLE_NEVER};
      }
      return {.root = NS_SAMPLE_CONSISTENT, .threshold = threshold};
    }
  }
  return {};
}

}  // namespace

Attacher::Attacher(TracerObject* object, metrics::Counters* counters)
    : object_(object),
      counters_(counters),
      free_binary_slots_(AllSlots(object->options().max_binaries)),
      sites_(object->options().max_sites),
      exclusion_sets_(
          [object](uint32_t set, const ns_exclusions& patterns) { return object->WriteExclusions(set, patterns); }),
      free_target_slots_(AllSlots(object->options().max_targets)),
      detach_thread_([this] { DetachLoop(); }) {
  (void)pthread_setname_np(detach_thread_.native_handle(), "ns-detach");
}

Attacher::~Attacher() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  detach_thread_.join();
}

absl::StatusOr<uint32_t> Attacher::AcquireBinary(uint64_t content_hash, const AttachPlan& plan) {
  if (const auto it = binaries_.find(content_hash); it != binaries_.end()) {
    ++it->second.users;
    return it->second.slot;
  }
  if (free_binary_slots_.empty()) {
    return base::MakeStatus(absl::StatusCode::kResourceExhausted, "more than {} distinct Go binaries are traced",
                            object_->options().max_binaries);
  }
  const uint32_t slot = free_binary_slots_.back();
  const std::optional<uint32_t> first_site = sites_.Acquire(static_cast<uint32_t>(plan.Probes().size()));
  if (!first_site) {
    return base::MakeStatus(absl::StatusCode::kResourceExhausted, "more than {} probes in distinct Go binaries",
                            object_->options().max_sites);
  }
  std::vector<uint64_t> context_itabs;
  for (const ContextType& type : plan.context_types) {
    context_itabs.push_back(type.itab_vaddr);
  }
  if (absl::Status status = object_->WriteBinary(slot, *first_site, plan); !status.ok()) {
    object_->ForgetContextTypes(slot, context_itabs);
    sites_.Release(*first_site);
    return status;
  }
  free_binary_slots_.pop_back();
  binaries_[content_hash] = {slot, *first_site, 1, std::move(context_itabs)};
  return slot;
}

void Attacher::ReleaseBinary(uint64_t content_hash) {
  const auto it = binaries_.find(content_hash);
  if (it != binaries_.end() && --it->second.users == 0) {
    object_->ForgetContextTypes(it->second.slot, it->second.context_itabs);
    free_binary_slots_.push_back(it->second.slot);
    sites_.Release(it->second.first_site);
    binaries_.erase(it);
  }
}

absl::StatusOr<std::vector<ebpf::Link>> Attacher::AttachProbes(const AttachPlan& plan, const AttachRequest& request,
                                                               uint32_t slot) {
  const ebpf::KernelFeatures& features = object_->features();
  const std::string path = fmt::format("/proc/self/fd/{}", request.exe_fd);
  // One link for each program: attaching and detaching cost the same for any number of sites.
  std::array<std::vector<ebpf::UprobeSite>, kProgramCount> sites;
  uint64_t index = 0;  // of the probe among all: that of its site
  for (const LibraryPlan& library : plan.libraries) {
    const bool attaches = Attaches(library, request);
    for (const PlannedProbe& probe : library.probes) {
      if (attaches && !probe.is_other_edge) {
        sites[static_cast<size_t>(probe.program)].push_back({probe.file_off, index << 32 | slot});
      }
      ++index;
    }
  }
  std::vector<ebpf::Link> links;
  // Ends before starts: an operation that begins while we attach is then never left without its end.
  for (const ProgramRole role : {ProgramRole::kContinues, ProgramRole::kWrites, ProgramRole::kStarts}) {
    for (size_t i = 0; i < sites.size(); ++i) {
      const auto program = static_cast<Program>(i);
      if (sites[i].empty() || RoleOf(program) != role) {
        continue;
      }
      NODESPAN_ASSIGN_OR_RETURN(std::vector<ebpf::Link> added,
                                ebpf::AttachUprobes(object_->program(program), features.method, path, request.pid,
                                                    sites[i], features.has_attach_cookie));
      std::move(added.begin(), added.end(), std::back_inserter(links));
    }
  }
  if (links.empty()) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{}",
                            request.traces_api_spans ? "this kernel refuses the programs of all libraries that it uses"
                                                     : "OTEL_GO_AUTO_GLOBAL=false leaves nothing to trace");
  }
  return links;
}

bool Attacher::Attaches(const LibraryPlan& library, const AttachRequest& request) const {
  if ((library.kind == LibraryKind::kApi && !request.traces_api_spans) ||
      (library.kind == LibraryKind::kOwnSdk && !request.watches_own_sdk) ||
      (library.kind == LibraryKind::kPropagation && !request.propagates)) {
    return false;
  }
  return std::all_of(library.probes.begin(), library.probes.end(),
                     [this](const PlannedProbe& probe) { return object_->Supports(probe.program); });
}

absl::StatusOr<TargetId> Attacher::Reserve() {
  absl::MutexLock lock(&mutex_);
  if (free_target_slots_.empty()) {
    return base::MakeStatus(absl::StatusCode::kResourceExhausted, "{} processes are traced already",
                            object_->options().max_targets);
  }
  const uint32_t slot = free_target_slots_.back();
  free_target_slots_.pop_back();
  return TargetId{slot, next_generation_++};
}

absl::StatusOr<Attacher::Target> Attacher::Activate(TargetId target, const AttachPlan& plan,
                                                    const AttachRequest& request) {
  NODESPAN_ASSIGN_OR_RETURN(const uint32_t binary_slot, AcquireBinary(request.binary_content_hash, plan));
  Target state{.pid = request.pid, .binary_content_hash = request.binary_content_hash, .exclusion_set = 0, .links = {}};
  absl::Cleanup undo = [&] {
    exclusion_sets_.Release(state.exclusion_set);
    object_->UnmapProcess(request.pid);
    (void)object_->WriteTarget(target.slot, ns_target_params{});
    ReleaseBinary(request.binary_content_hash);
  };
  NODESPAN_ASSIGN_OR_RETURN(state.exclusion_set, exclusion_sets_.Acquire(request.exclusions));
  const AbiSampler sampler = ToAbi(request.sampler);
  NODESPAN_RETURN_IF_ERROR(
      object_->WriteTarget(target.slot, {.load_bias = request.load_bias,
                                         .threshold = sampler.threshold,
                                         .binary_slot = binary_slot,
                                         .generation = target.generation,
                                         .sampler_root = sampler.root,
                                         .parent_based = static_cast<uint8_t>(request.sampler.parent_based ? 1 : 0),
                                         .exclusion_set = state.exclusion_set,
                                         .begins_traces = static_cast<uint8_t>(request.continues_traces ? 0 : 1),
                                         .pad = {}}));
  NODESPAN_RETURN_IF_ERROR(object_->MapProcess(request.pid, target.slot));
  NODESPAN_ASSIGN_OR_RETURN(state.links, AttachProbes(plan, request, target.slot));
  std::move(undo).Cancel();
  return state;
}

absl::Status Attacher::Attach(TargetId target, const AttachPlan& plan, const AttachRequest& request) {
  absl::StatusOr<Target> state = Activate(target, plan, request);
  if (!state.ok()) {
    absl::MutexLock lock(&mutex_);
    free_target_slots_.push_back(target.slot);
    return state.status();
  }
  targets_.emplace(target.slot, *std::move(state));
  counters_->Add(metrics::Counter::kTargetsAttached);
  return absl::OkStatus();
}

void Attacher::Detach(TargetId target, std::function<void(uint64_t)> on_done) {
  const auto it = targets_.find(target.slot);
  if (it == targets_.end()) {
    return;
  }
  Target state = std::move(it->second);
  targets_.erase(it);
  (void)object_->WriteTarget(target.slot, ns_target_params{});
  object_->UnmapProcess(state.pid);
  exclusion_sets_.Release(state.exclusion_set);
  ReleaseBinary(state.binary_content_hash);
  counters_->Add(metrics::Counter::kTargetsDetached);
  absl::MutexLock lock(&mutex_);
  releases_.push_back({target, std::move(state), std::move(on_done)});
}

void Attacher::DetachLoop() {
  while (true) {
    std::deque<Release> releases;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &Attacher::HasWork));
      if (releases_.empty()) {
        return;
      }
      releases.swap(releases_);
    }
    std::vector<ebpf::Link> links;
    for (Release& release : releases) {
      std::move(release.state.links.begin(), release.state.links.end(), std::back_inserter(links));
    }
    ebpf::DestroyTogether(std::move(links));
    for (const Release& release : releases) {
      const uint64_t abandoned = object_->DropInflight(release.target.slot, release.target.generation);
      counters_->Add(metrics::Counter::kOperationsAbandoned, abandoned);
      if (release.on_done) {
        release.on_done(abandoned);
      }
      absl::MutexLock lock(&mutex_);
      free_target_slots_.push_back(release.target.slot);
    }
  }
}

}  // namespace nodespan::attach
