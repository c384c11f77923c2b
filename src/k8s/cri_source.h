// SPDX-License-Identifier: Apache-2.0
// Pods as the container runtime of this node knows them: no API server, no rights there. Labels and annotations are
// those of the pod's creation, because the runtime is not told about changes.
//
// All pods are listed once per second, which costs the runtime less than a millisecond; its events are not used,
// because releases of containerd before 2.0 take them away from the kubelet.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "k8s/pod.h"
#include "k8s/pod_source.h"
#include "metrics/counters.h"

namespace nodespan::k8s {

// Where runtimes have their socket, in the order in which they are tried.
std::span<const std::string_view> CriSockets();

// The first path of `candidates` at which somebody accepts connections.
std::optional<std::string> FindCriSocket(std::span<const std::string_view> candidates);

struct CriSourceOptions {
  std::string socket_path;  // empty: the first of CriSockets() that answers, looked for at every connection
  absl::Duration poll_period = absl::Seconds(1);
  absl::Duration call_timeout = absl::Seconds(5);
};

// Never fails to start: a runtime that is not there yet is tried again. `counters` outlives the source.
std::unique_ptr<PodSource> StartCriSource(CriSourceOptions options, MetadataFilter filter, metrics::Counters* counters,
                                          PodsChanged on_change);

}  // namespace nodespan::k8s
