// SPDX-License-Identifier: Apache-2.0
#include "attach/tracer_object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "attach/captured_names.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "ebpf/libbpf_log.h"
#include "ebpf/uprobe.h"

// The skeleton spells its integer types like the BPF sources.
using u8 = uint8_t;
using u32 = uint32_t;
using u64 = uint64_t;
#include "nodespan.skel.h"

namespace nodespan::attach {
namespace {

// Allocating in-flight entries when they are needed keeps an idle node small. Kernels before 6.1 warn about that for
// tracing programs (kernel/bpf/verifier.c, check_map_prog_compatibility), so it goes together with uprobe_multi (6.6).
bool AllocatesOnDemand(const ebpf::KernelFeatures& features) { return features.method == ebpf::UprobeMethod::kMulti; }

// With everything allocated in advance, operations in flight cost 3 MB for the short ones and 2 MB for the long ones.
constexpr uint32_t kMaxPreallocatedShort = 4096;
constexpr uint32_t kMaxPreallocatedLong = 1024;
// Types of contexts in all binaries together: a program has 10 to 100.
constexpr uint32_t kMaxContextTypes = 16384;
constexpr uint32_t kMaxPreallocatedContextTypes = 2048;

// Messages on their way from where their span begins to where they are written.
constexpr uint32_t kMaxOutgoing = 8192;

bpf_program* ProgramOf(const nodespan_bpf& skeleton, Program program) {
  switch (program) {
#define NODESPAN_PROGRAM_CASE(name, symbol, role) \
  case Program::name: return skeleton.progs.symbol;
    NODESPAN_PROGRAMS(NODESPAN_PROGRAM_CASE)
#undef NODESPAN_PROGRAM_CASE
  }
  return nullptr;
}

absl::Status Configure(nodespan_bpf* skeleton, const ebpf::KernelFeatures& features,
                       const TracerObject::Options& options) {
  skeleton->rodata->ns_has_attach_cookie = features.has_attach_cookie ? 1 : 0;
  skeleton->rodata->ns_ring_wake_bytes = options.ring_bytes / 4;
  skeleton->rodata->ns_records_unsampled = options.records_unsampled ? 1 : 0;
  skeleton->rodata->ns_propagates = options.propagates ? 1 : 0;
  skeleton->rodata->ns_captures_headers = options.captured.empty() ? 0 : 1;
  skeleton->rodata->ns_captured_names[0] =
      ToCapturedNames(options.captured.http_request_headers, HeaderCase::kCanonical);
  skeleton->rodata->ns_captured_names[1] = ToCapturedNames(options.captured.grpc_request_metadata, HeaderCase::kLower);
  const bool on_demand = AllocatesOnDemand(features);
  const std::pair<bpf_map*, uint32_t> sizes[] = {
      {skeleton->maps.records, options.ring_bytes},
      {skeleton->maps.targets, options.max_targets},
      {skeleton->maps.target_by_tgid, options.max_targets},
      {skeleton->maps.binaries, options.max_binaries},
      {skeleton->maps.sites, options.max_sites},
      {skeleton->maps.parents, options.max_parents},
      {skeleton->maps.outgoing, options.propagates ? kMaxOutgoing : 1},
      {skeleton->maps.context_types, on_demand ? kMaxContextTypes : kMaxPreallocatedContextTypes},
      {skeleton->maps.notes, on_demand ? options.max_inflight : std::min(options.max_inflight, kMaxPreallocatedShort)},
      {skeleton->maps.inflight_short,
       on_demand ? options.max_inflight : std::min(options.max_inflight, kMaxPreallocatedShort)},
      {skeleton->maps.inflight_long,
       on_demand ? options.max_inflight : std::min(options.max_inflight, kMaxPreallocatedLong)},
  };
  for (const auto& [map, max_entries] : sizes) {
    if (const int error = bpf_map__set_max_entries(map, max_entries); error != 0) {
      return base::ErrnoStatus(-error, fmt::format("size map {}", bpf_map__name(map)));
    }
  }
  for (bpf_map* map : {skeleton->maps.context_types, skeleton->maps.notes, skeleton->maps.inflight_short,
                       skeleton->maps.inflight_long}) {
    if (const int error = on_demand ? bpf_map__set_map_flags(map, BPF_F_NO_PREALLOC) : 0; error != 0) {
      return base::ErrnoStatus(-error, fmt::format("flags of map {}", bpf_map__name(map)));
    }
  }
  for (int i = 0; i < kProgramCount; ++i) {
    const auto program = static_cast<Program>(i);
    ebpf::PrepareForMethod(ProgramOf(*skeleton, program), features.method);
    if (RoleOf(program) == ProgramRole::kWrites && !options.propagates) {
      (void)bpf_program__set_autoload(ProgramOf(*skeleton, program), false);
    }
  }
  return absl::OkStatus();
}

// Switches off the programs of every group that was refused.
void LeaveOut(const nodespan_bpf& skeleton, std::span<const TracerObject::Refusal> refusals) {
  for (int i = 0; i < kProgramCount; ++i) {
    const auto program = static_cast<Program>(i);
    for (const TracerObject::Refusal& refusal : refusals) {
      if (refusal.group == GroupOf(program)) {
        (void)bpf_program__set_autoload(ProgramOf(skeleton, program), false);
      }
    }
  }
}

// The group of the program that libbpf's messages name last ("prog 'NAME': failed to load"); nullopt when there is
// none, or it was left out already.
std::optional<std::string_view> RefusedGroup(std::string_view messages,
                                             std::span<const TracerObject::Refusal> refusals) {
  std::optional<std::string_view> group;
  size_t last = 0;
  for (int i = 0; i < kProgramCount; ++i) {
    const auto program = static_cast<Program>(i);
    const size_t at = messages.rfind(fmt::format("prog '{}': failed to load", ToString(program)));
    if (at != std::string_view::npos && (!group.has_value() || at > last)) {
      last = at;
      group = GroupOf(program);
    }
  }
  const bool is_known = std::any_of(refusals.begin(), refusals.end(),
                                    [&](const TracerObject::Refusal& refusal) { return refusal.group == group; });
  return is_known ? std::nullopt : group;
}

absl::Status UpdateArray(const bpf_map* map, uint32_t slot, const void* value) {
  if (bpf_map_update_elem(bpf_map__fd(map), &slot, value, BPF_ANY) != 0) {
    return base::ErrnoStatus(fmt::format("write slot {} of map {}", slot, bpf_map__name(map)));
  }
  return absl::OkStatus();
}

// Deletes the entries of a target; returns how many.
uint64_t DropObjects(const bpf_map* map, uint32_t target_slot, uint32_t target_generation) {
  const int fd = bpf_map__fd(map);
  std::vector<ns_object_key> keys;
  ns_object_key key{};
  const void* previous = nullptr;
  // Bounded: other targets insert while we walk, and a walk that meets a deleted key begins anew.
  for (uint32_t i = 0; i < 2 * bpf_map__max_entries(map) && bpf_map_get_next_key(fd, previous, &key) == 0; ++i) {
    if (key.target_slot == target_slot && key.target_generation == target_generation) {
      keys.push_back(key);
    }
    previous = &key;
  }
  uint64_t dropped = 0;
  for (const ns_object_key& stale : keys) {
    dropped += bpf_map_delete_elem(fd, &stale) == 0 ? 1 : 0;
  }
  return dropped;
}

}  // namespace

void TracerObject::SkeletonDeleter::operator()(nodespan_bpf* skeleton) const { nodespan_bpf::destroy(skeleton); }

TracerObject::TracerObject(SkeletonPtr skeleton, ebpf::KernelFeatures features, Options options,
                           std::vector<Refusal> refusals)
    : skeleton_(std::move(skeleton)),
      features_(std::move(features)),
      options_(std::move(options)),
      refusals_(std::move(refusals)) {}

TracerObject::~TracerObject() = default;

absl::StatusOr<std::unique_ptr<TracerObject>> TracerObject::Load(const ebpf::KernelFeatures& features,
                                                                 const Options& options) {
  const ebpf::LibbpfLog log(options.show_verifier_log);
  std::vector<Refusal> refusals;
  while (true) {
    SkeletonPtr skeleton(nodespan_bpf::open());
    if (skeleton == nullptr) {
      return base::ErrnoStatus(fmt::format("open BPF object ({})", log.Summary()));
    }
    NODESPAN_RETURN_IF_ERROR(Configure(skeleton.get(), features, options));
    LeaveOut(*skeleton, refusals);
    const int error = nodespan_bpf::load(skeleton.get());
    if (error == 0) {
      return std::unique_ptr<TracerObject>(
          new TracerObject(std::move(skeleton), features, options, std::move(refusals)));
    }
    const std::string summary = log.Summary();
    const std::optional<std::string_view> group = RefusedGroup(summary, refusals);
    if (error == -EPERM || !group.has_value() || *group == GroupOf(Program::kNetHttpServerStart)) {
      return base::ErrnoStatus(-error, fmt::format("load BPF object ({})", summary));
    }
    refusals.push_back({std::string(*group), summary});
  }
}

bool TracerObject::Supports(Program program) const {
  if (RoleOf(program) == ProgramRole::kWrites && !options_.propagates) {
    return false;
  }
  return std::none_of(refusals_.begin(), refusals_.end(),
                      [program](const Refusal& refusal) { return refusal.group == GroupOf(program); });
}

const bpf_program* TracerObject::program(Program program) const { return ProgramOf(*skeleton_, program); }

int TracerObject::records_fd() const { return bpf_map__fd(skeleton_->maps.records); }
int TracerObject::process_events_fd() const { return bpf_map__fd(skeleton_->maps.process_events); }

absl::StatusOr<std::vector<ebpf::Link>> TracerObject::AttachProcessWatch() {
  const ebpf::LibbpfLog log;
  std::vector<ebpf::Link> links;
  for (const bpf_program* program : {skeleton_->progs.process_exec, skeleton_->progs.process_exit}) {
    ebpf::Link link(bpf_program__attach(program));
    if (link == nullptr) {
      return base::ErrnoStatus(fmt::format("attach {}", bpf_program__name(program)));
    }
    links.push_back(std::move(link));
  }
  return links;
}

absl::Status TracerObject::WriteTarget(uint32_t slot, const ns_target_params& params) {
  return UpdateArray(skeleton_->maps.targets, slot, &params);
}

absl::Status TracerObject::WriteExclusions(uint32_t set, const ns_exclusions& patterns) {
  return UpdateArray(skeleton_->maps.exclusions, set, &patterns);
}

absl::Status TracerObject::WriteBinary(uint32_t slot, uint32_t first_site, const AttachPlan& plan) {
  const std::vector<const PlannedProbe*> probes = plan.Probes();
  for (size_t i = 0; i < probes.size(); ++i) {
    NODESPAN_RETURN_IF_ERROR(
        UpdateArray(skeleton_->maps.sites, first_site + static_cast<uint32_t>(i), &probes[i]->site));
  }
  const int types_fd = bpf_map__fd(skeleton_->maps.context_types);
  for (const ContextType& type : plan.context_types) {
    const ns_context_type_key key{.itab_vaddr = type.itab_vaddr, .binary_slot = slot, .pad = 0};
    if (bpf_map_update_elem(types_fd, &key, &type.layout, BPF_ANY) != 0) {
      return base::ErrnoStatus(fmt::format("note context type {}", type.type_name));
    }
  }
  ns_binary_params params = plan.params;
  params.first_site = first_site;
  return UpdateArray(skeleton_->maps.binaries, slot, &params);
}

void TracerObject::ForgetContextTypes(uint32_t slot, std::span<const uint64_t> itab_vaddrs) {
  for (const uint64_t itab_vaddr : itab_vaddrs) {
    const ns_context_type_key key{.itab_vaddr = itab_vaddr, .binary_slot = slot, .pad = 0};
    (void)bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.context_types), &key);
  }
}

absl::Status TracerObject::MapProcess(pid_t pid, uint32_t slot) {
  if (features_.has_attach_cookie) {
    return absl::OkStatus();
  }
  const auto tgid = static_cast<uint32_t>(pid);
  if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.target_by_tgid), &tgid, &slot, BPF_ANY) != 0) {
    return base::ErrnoStatus(fmt::format("map process {}", pid));
  }
  return absl::OkStatus();
}

void TracerObject::UnmapProcess(pid_t pid) {
  if (!features_.has_attach_cookie) {
    const auto tgid = static_cast<uint32_t>(pid);
    (void)bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.target_by_tgid), &tgid);
  }
}

uint64_t TracerObject::DropInflight(uint32_t target_slot, uint32_t target_generation) {
  // A note is no operation: it told of one that would have begun.
  (void)DropObjects(skeleton_->maps.notes, target_slot, target_generation);
  // Nor is a span lost that its program has not ended.
  (void)DropObjects(skeleton_->maps.api_spans, target_slot, target_generation);
  (void)DropObjects(skeleton_->maps.outgoing, target_slot, target_generation);
  return DropObjects(skeleton_->maps.inflight_short, target_slot, target_generation) +
         DropObjects(skeleton_->maps.inflight_long, target_slot, target_generation);
}

KernelCounters TracerObject::ReadCounters() const {
  KernelCounters sums{};
  const int cpus = libbpf_num_possible_cpus();
  if (cpus <= 0) {
    return sums;
  }
  std::vector<uint64_t> values(static_cast<size_t>(cpus));
  for (uint32_t i = 0; i < NS_COUNTER_COUNT; ++i) {
    if (bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.counters), &i, values.data()) == 0) {
      for (const uint64_t value : values) {
        sums[i] += value;
      }
    }
  }
  return sums;
}

}  // namespace nodespan::attach
