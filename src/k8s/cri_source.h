// SPDX-License-Identifier: Apache-2.0
// Pods as the container runtime of this node knows them: no API server, no rights there. Labels and annotations are
// those of the pod's creation, because the runtime is not told about changes.
//
// All pods are listed once per second, which costs the runtime less than a millisecond; its events are not used,
// because releases of containerd before 2.0 take them away from the kubelet.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "k8s/pod.h"
#include "k8s/pod_source.h"
#include "metrics/counters.h"

namespace nodespan::k8s {

struct CriSourceOptions {
  std::string socket_path;  // as of ChooseCriSocket(), at every connection
  absl::Duration poll_period = absl::Seconds(1);
  absl::Duration call_timeout = absl::Seconds(5);
};

// Never fails to start: a runtime that is not there yet is tried again. `counters` outlives the source.
std::unique_ptr<PodSource> StartCriSource(CriSourceOptions options, MetadataFilter filter, metrics::Counters* counters,
                                          PodsChanged on_change);

}  // namespace nodespan::k8s
