// SPDX-License-Identifier: Apache-2.0
// What nodespan takes from an Instrumentation resource of the OpenTelemetry operator (opentelemetry.io/v1alpha1): what
// its author says to the pods that use it. Where spans go is not among it.
//
// Plain values. Names are identifiers as in pod.h; values are any bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "k8s/pod.h"

namespace nodespan::k8s {

struct Instrumentation {
  std::string namespace_name;  // never empty
  std::string name;            // never empty
  // As if they stood in the environment of a pod that does not say it itself; the first that says something wins:
  // spec.go.env, spec.env, spec.sampler.
  std::vector<StringMap> environments;
  StringMap resource_attributes;         // spec.resource.resourceAttributes
  std::optional<bool> uses_labels = {};  // spec.defaults.useLabelsForResourceAttributes; absent: not said

  bool operator==(const Instrumentation&) const = default;
};

// Limits of one resource. What is beyond them is left out.
inline constexpr size_t kMaxResourceAttributesPerInstrumentation = 64;

// Memory that it takes, estimated from above.
size_t EstimateBytes(const Instrumentation& instrumentation);

}  // namespace nodespan::k8s
