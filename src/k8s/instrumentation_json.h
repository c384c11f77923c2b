// SPDX-License-Identifier: Apache-2.0
// Instrumentation resources and watch events about them as the API server writes them. Foreign bytes; pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "k8s/instrumentation.h"
#include "k8s/watch_event.h"

namespace nodespan::k8s {

// An element of the list. `variables` are the names that are kept of its environments: those that a workload may say.
// Of them only plain values are: with `valueFrom`, or a reference to another variable, it depends on a pod that the
// operator would have changed. kDataLoss: not a resource, or one without name or namespace.
absl::StatusOr<Instrumentation> ParseInstrumentation(std::string_view json, const std::vector<std::string>& variables);

struct InstrumentationEvent {
  WatchEvent event;
  Instrumentation instrumentation;  // if event.has_object(); of a deleted one the names count
};

// One line of a watch. kDataLoss: it is no event that we know.
absl::StatusOr<InstrumentationEvent> ParseInstrumentationEvent(std::string_view line,
                                                               const std::vector<std::string>& variables);

}  // namespace nodespan::k8s
