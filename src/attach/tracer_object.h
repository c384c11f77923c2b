// SPDX-License-Identifier: Apache-2.0
// The one shared BPF object: loaded once, used by every traced process.
//
// Thread: Load and the program accessors on the control thread; map updates and reads from any thread (they are system
// calls). Lifetime: must outlive every link attached to its programs.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "attach/attach_plan.h"
#include "bpf/abi/nodespan_abi.h"
#include "ebpf/kernel_features.h"
#include "ebpf/link.h"
#include "model/captured_names.h"

struct bpf_program;
struct nodespan_bpf;

namespace nodespan::attach {

using KernelCounters = std::array<uint64_t, NS_COUNTER_COUNT>;

class TracerObject {
 public:
  struct Options {
    uint32_t max_targets = 1024;            // processes traced at the same time
    uint32_t max_binaries = 256;            // distinct Go binaries among them
    uint32_t max_sites = 16384;             // probed instructions of all of these
    uint32_t max_inflight = 65536;          // operations in flight on the node; more are not traced, and counted
    uint32_t max_parents = 32768;           // spans that can be parents; the oldest make room
    uint32_t ring_bytes = 2 * 1024 * 1024;  // a power of two, multiple of the page size
    model::CapturedNames captured;          // headers that are looked for
    bool records_unsampled = false;         // operations that the sampler leaves out have records as well
    bool propagates = false;                // programs that write into messages are loaded (ProgramRole::kWrites)
    bool show_verifier_log = false;
  };

  // A library whose programs this kernel refuses is left out (see refusals()); HTTP servers are always needed.
  // kPermissionDenied: a capability is missing. Any other error carries the end of the verifier's or libbpf's message.
  static absl::StatusOr<std::unique_ptr<TracerObject>> Load(const ebpf::KernelFeatures& features,
                                                            const Options& options);
  ~TracerObject();

  const Options& options() const { return options_; }
  const ebpf::KernelFeatures& features() const { return features_; }
  const bpf_program* program(Program program) const;

  // What this kernel does not do, and why.
  struct Refusal {
    std::string group;  // of programs: "database_sql"
    std::string reason;
  };
  const std::vector<Refusal>& refusals() const { return refusals_; }
  bool Supports(Program program) const;

  int records_fd() const;
  int process_events_fd() const;

  // Switches exec and exit events on for as long as the links live.
  absl::StatusOr<std::vector<ebpf::Link>> AttachProcessWatch();

  absl::Status WriteTarget(uint32_t slot, const ns_target_params& params);
  absl::Status WriteExclusions(uint32_t set, const ns_exclusions& patterns);
  // Parameters, sites and context types of a binary. Its sites begin at `first_site`.
  absl::Status WriteBinary(uint32_t slot, uint32_t first_site, const AttachPlan& plan);
  // Context types stay until they are deleted, unlike the rest, which the next binary overwrites.
  void ForgetContextTypes(uint32_t slot, std::span<const uint64_t> itab_vaddrs);
  // Which target a process is, for kernels without cookies; a no-op where there are cookies.
  absl::Status MapProcess(pid_t pid, uint32_t slot);
  void UnmapProcess(pid_t pid);

  // Deletes what a process that ended or was released left in flight; returns how many operations that were.
  uint64_t DropInflight(uint32_t target_slot, uint32_t target_generation);

  // Sums over all CPUs.
  KernelCounters ReadCounters() const;

 private:
  struct SkeletonDeleter {
    void operator()(nodespan_bpf* skeleton) const;
  };
  using SkeletonPtr = std::unique_ptr<nodespan_bpf, SkeletonDeleter>;

  TracerObject(SkeletonPtr skeleton, ebpf::KernelFeatures features, Options options, std::vector<Refusal> refusals);

  SkeletonPtr skeleton_;
  ebpf::KernelFeatures features_;
  Options options_;
  std::vector<Refusal> refusals_;
};

}  // namespace nodespan::attach
