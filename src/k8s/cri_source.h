// SPDX-License-Identifier: Apache-2.0
// Pods as the container runtime of this node knows them: no API server, no rights there. Labels and annotations are
// those of the pod's creation, because the runtime is not told about changes.
//
// All pods are listed once per second, which costs the runtime less than a millisecond, and soon after somebody met a
// container that is not known. With `listens_to_events` also when the runtime tells of one (cri_events.h).
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "k8s/cri_events.h"
#include "k8s/pod.h"
#include "k8s/pod_source.h"
#include "metrics/counters.h"

namespace nodespan::k8s {

struct CriSourceOptions {
  std::string socket_path;  // as of ChooseCriSocket(), at every connection
  absl::Duration poll_period = absl::Seconds(1);
  absl::Duration call_timeout = absl::Seconds(5);
  bool listens_to_events = false;
  CriEventsOptions events;  // but for its socket
};

// Never fails to start: a runtime that is not there yet is tried again. `counters` outlives the source.
std::unique_ptr<PodSource> StartCriSource(CriSourceOptions options, MetadataFilter filter, metrics::Counters* counters,
                                          PodsChanged on_change);

}  // namespace nodespan::k8s
