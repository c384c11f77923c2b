// SPDX-License-Identifier: Apache-2.0
// Attacher turns an AttachPlan into live probes of one process, and owns them until they are released.
//
// Thread: all methods on the control thread. Detaching takes the kernel 30 ms to seconds, so links are destroyed on a
// thread of the Attacher's own; the traced process goes on meanwhile and its hits are ignored from the moment of
// Detach(). Lifetime: must die before the TracerObject it was given. Guarantee: a plan is attached completely or not at
// all; on error no link, slot or map entry of it remains. Not here: deciding what to attach (attach_plan.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "attach/attach_plan.h"
#include "attach/exclusion_sets.h"
#include "attach/site_ranges.h"
#include "attach/tracer_object.h"
#include "ebpf/link.h"
#include "metrics/counters.h"
#include "model/exclusions.h"
#include "model/sampler.h"

namespace nodespan::attach {

// Names a traced process towards the kernel side: records carry both numbers.
struct TargetId {
  uint32_t slot = 0;
  uint32_t generation = 0;  // never 0 for a live target

  auto operator<=>(const TargetId&) const = default;
};

struct AttachRequest {
  pid_t pid = 0;
  // The inspected file; must be what the process runs. Observed during Attach() only.
  int exe_fd = -1;
  uint64_t load_bias = 0;            // run-time address - linked address
  uint64_t binary_content_hash = 0;  // processes with equal hashes share one parameter block
  model::Sampler sampler;
  model::Exclusions exclusions;
  bool continues_traces = true;  // of incoming requests
  bool traces_api_spans = true;  // libraries of the kind LibraryKind::kApi
  bool watches_own_sdk = true;   // LibraryKind::kOwnSdk
  bool propagates = false;       // LibraryKind::kPropagation
};

// What is asked of an Attacher, behind an interface so that tests need no kernel.
class ProbeAttacher {
 public:
  virtual ~ProbeAttacher() = default;

  // Takes a free slot, so that the name of the target is known before its first record can exist. Must be given to
  // Attach(). kResourceExhausted: all slots are in use.
  virtual absl::StatusOr<TargetId> Reserve() = 0;

  // Attaches; on error the reservation is gone as well. kResourceExhausted: too many distinct binaries or
  // lists of exclusions. kNotFound: the process ended, which is normal. kPermissionDenied: a capability is missing.
  virtual absl::Status Attach(TargetId target, const AttachPlan& plan, const AttachRequest& request) = 0;

  // Whether Attach() attaches the library: it is wanted, and this kernel takes its programs.
  virtual bool Attaches(const LibraryPlan& library, const AttachRequest& request) const = 0;

  // From now on hits of this target are ignored; the probes go away in the background, then the slot is free again.
  // `on_done` runs on the Attacher's thread with the number of operations that were still in flight; no record of this
  // target is written to the ring after that.
  virtual void Detach(TargetId target, std::function<void(uint64_t abandoned)> on_done) = 0;

  // How probes are attached on this kernel.
  virtual ebpf::UprobeMethod method() const = 0;
};

class Attacher final : public ProbeAttacher {
 public:
  Attacher(TracerObject* object, metrics::Counters* counters);
  // Waits until every link is gone.
  ~Attacher() override;
  Attacher(const Attacher&) = delete;
  Attacher& operator=(const Attacher&) = delete;

  absl::StatusOr<TargetId> Reserve() override;
  absl::Status Attach(TargetId target, const AttachPlan& plan, const AttachRequest& request) override;
  bool Attaches(const LibraryPlan& library, const AttachRequest& request) const override;
  void Detach(TargetId target, std::function<void(uint64_t abandoned)> on_done) override;
  ebpf::UprobeMethod method() const override { return object_->features().method; }

 private:
  struct BinarySlot {
    uint32_t slot = 0;
    uint32_t first_site = 0;
    size_t users = 0;
    std::vector<uint64_t> context_itabs;  // its keys in the map of context types
  };
  struct Target {
    pid_t pid = 0;
    uint64_t binary_content_hash = 0;
    uint8_t exclusion_set = 0;
    std::vector<ebpf::Link> links;
  };
  struct Release {
    TargetId target;
    Target state;
    std::function<void(uint64_t)> on_done;
  };

  // Writes the parameters and attaches the probes; undoes its own steps on error.
  absl::StatusOr<Target> Activate(TargetId target, const AttachPlan& plan, const AttachRequest& request);
  absl::StatusOr<uint32_t> AcquireBinary(uint64_t content_hash, const AttachPlan& plan);
  void ReleaseBinary(uint64_t content_hash);
  absl::StatusOr<std::vector<ebpf::Link>> AttachProbes(const AttachPlan& plan, const AttachRequest& request,
                                                       uint32_t slot);
  void DetachLoop() ABSL_LOCKS_EXCLUDED(mutex_);
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !releases_.empty(); }

  TracerObject* const object_;
  metrics::Counters* const counters_;
  std::map<uint32_t, Target> targets_;       // by slot
  std::map<uint64_t, BinarySlot> binaries_;  // by content hash
  std::vector<uint32_t> free_binary_slots_;
  SiteRanges sites_;
  ExclusionSets exclusion_sets_;
  uint32_t next_generation_ = 1;

  absl::Mutex mutex_;
  std::deque<Release> releases_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint32_t> free_target_slots_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread detach_thread_;  // last: joined before the rest is destroyed
};

}  // namespace nodespan::attach
