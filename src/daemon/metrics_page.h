// SPDX-License-Identifier: Apache-2.0
// The daemon's own metrics in Prometheus' text format. Names start with "nodespan_"; README.md explains them.
#pragma once

#include <cstdint>
#include <string>

#include "attach/tracer_object.h"
#include "k8s/pod_source.h"
#include "metrics/counters.h"
#include "metrics/gauges.h"

namespace nodespan::daemon {

// `pods` is null without a pod source. Any thread.
std::string RenderMetrics(const metrics::Counters& counters, const metrics::Gauges& gauges,
                          const attach::KernelCounters& kernel, const k8s::PodSource* pods);

// Resident memory of this process in bytes; 0 when /proc does not tell.
uint64_t ReadOwnRssBytes();

}  // namespace nodespan::daemon
