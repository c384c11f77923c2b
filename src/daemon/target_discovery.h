// SPDX-License-Identifier: Apache-2.0
// TargetDiscovery finds out which processes are to be traced and tells the TargetManager. It brings together what tells
// of processes (events of the kernel, a slow sweep of /proc) and what tells of pods, and keeps both going.
//
// Thread: control thread, but for what says otherwise. Lifetime: what the constructor is given outlives this; the loop
// does not run any more when this is destroyed.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "attach/tracer_object.h"
#include "base/event_loop.h"
#include "config/config.h"
#include "daemon/target_manager.h"
#include "discovery/pod_selection.h"
#include "discovery/process_table.h"
#include "discovery/selector.h"
#include "discovery/target_selection.h"
#include "ebpf/link.h"
#include "ebpf/ring_reader.h"
#include "k8s/pod_source.h"
#include "metrics/counters.h"
#include "metrics/gauges.h"
#include "procfs/procfs.h"

namespace nodespan::daemon {

class TargetDiscovery {
 public:
  struct Dependencies {
    base::EventLoop* loop;
    const procfs::ProcFs* procfs;
    attach::TracerObject* object;
    TargetManager* targets;
    metrics::Counters* counters;
    metrics::Gauges* gauges;
  };

  TargetDiscovery(const Dependencies& dependencies, discovery::SelectionOptions selection,
                  discovery::PodSelectionOptions pod_selection);

  // Looks at every process there is and follows them from then on. Errors as of StartPodSource(), or: the kernel's
  // events or /proc cannot be read.
  absl::Status Start(const config::PodOptions& pods);

  // Null without pods. The source itself is for any thread.
  const k8s::PodSource* pods() const { return pods_.get(); }

 private:
  absl::Status StartPods(const config::PodOptions& options);
  absl::Status StartEvents();
  void OnProcessEvent(std::span<const uint8_t> bytes);
  void LookAtPods();
  void UpdateGauges();

  const Dependencies deps_;
  discovery::Selector selector_;
  const discovery::PodSelectionOptions pod_options_;
  const discovery::PodSelection pod_selection_;
  std::optional<discovery::TargetSelection> selection_;  // from Start() on
  discovery::ProcessTable table_;
  std::unique_ptr<ebpf::RingReader> events_;
  std::vector<ebpf::Link> links_;  // before the ring: no events without a reader
  // A look at the pods is on its way. Sequentially consistent: one that is seen to be on its way comes after the
  // change.
  std::atomic<bool> has_pod_change_ = false;
  std::unique_ptr<k8s::PodSource> pods_;  // the first to go: its threads tell of changes
};

}  // namespace nodespan::daemon
