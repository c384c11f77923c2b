// SPDX-License-Identifier: Apache-2.0
// The resource under which the spans of one process are exported (SPEC sections 1.3, 2.3, 3.6, 3.7).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "discovery/facts.h"
#include "k8s/identity.h"
#include "model/resource.h"

namespace nodespan::discovery {

// Resource attributes use names that the semantic conventions of this version have.
inline constexpr std::string_view kResourceSchemaUrl = "https://opentelemetry.io/schemas/1.44.0";

// What somebody says about a service: OTEL_SERVICE_NAME and the parsed OTEL_RESOURCE_ATTRIBUTES of one environment.
struct StatedIdentity {
  std::string service_name;                                     // empty: not said
  std::vector<std::pair<std::string, std::string>> attributes;  // unique keys
};

// Merges, the first that says something wins:
//   service.name     target's OTEL_SERVICE_NAME, target's attributes, `workload` (its annotation, or what manages the
//   pod),
//                    node's OTEL_SERVICE_NAME, node's attributes, "unknown_service:<file name of the executable>".
//                    Empty names count as not said.
//   telemetry.*      always nodespan's: they tell who made the spans.
//   everything else  target's attributes, the pod's annotations, what Kubernetes says, the pod's Instrumentation,
//   node's
//                    attributes (an empty value is said, too), what was detected.
// `workload` is null for processes in no pod. All text is made valid UTF-8. service.instance.id is stable for the life
// of the process, across restarts of nodespan.
model::Resource BuildProcessResource(const ProcessFacts& process, const HostFacts& host, const StatedIdentity& target,
                                     const StatedIdentity& node, const k8s::WorkloadIdentity* workload = nullptr);

}  // namespace nodespan::discovery
