// SPDX-License-Identifier: Apache-2.0
// Pods and watch events as the API server writes them. Foreign bytes; pure; any thread.
// What is not used (environment, volumes, conditions, managed fields) is dropped while parsing.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "k8s/pod.h"
#include "k8s/watch_event.h"

namespace nodespan::k8s {

struct ApiPod {
  Pod pod;
  bool has_ended = false;  // phase Succeeded or Failed: it has no processes and gets none
};

// An element of the list. kDataLoss: not a pod, or one without name.
absl::StatusOr<ApiPod> ParsePod(std::string_view json, const MetadataFilter& filter);

struct PodEvent {
  WatchEvent event;
  std::optional<ApiPod> pod;  // if event.has_object()
};

// One line of a watch. kDataLoss: it is no event that we know.
absl::StatusOr<PodEvent> ParsePodEvent(std::string_view line, const MetadataFilter& filter);

}  // namespace nodespan::k8s
