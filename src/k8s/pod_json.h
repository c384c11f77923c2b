// SPDX-License-Identifier: Apache-2.0
// Pods and watch events as the API server writes them. Foreign bytes; pure; any thread.
// What is not used (environment, volumes, conditions, managed fields) is dropped while parsing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "k8s/pod.h"

namespace nodespan::k8s {

struct ApiPod {
  Pod pod;
  std::string resource_version;
  bool has_ended = false;  // phase Succeeded or Failed: it has no processes and gets none
};

// An element of the list. kDataLoss: not a pod, or one without name.
absl::StatusOr<ApiPod> ParsePod(std::string_view json, const MetadataFilter& filter);

// metadata.resourceVersion of a list, from the text of its member `metadata`; empty when it is not there.
std::string ParseListVersion(std::string_view metadata_json);

struct WatchEvent {
  enum class Type { kPut, kDeleted, kBookmark, kError };
  Type type = Type::kPut;
  std::optional<ApiPod> pod;     // kPut, kDeleted
  std::string resource_version;  // but for kError: where a later watch can go on
  int code = 0;                  // kError: as of HTTP; 410 when the version asked for is gone
  std::string message;           // kError: one line
};

// One line of a watch. kDataLoss: it is no event that we know.
absl::StatusOr<WatchEvent> ParseWatchEvent(std::string_view line, const MetadataFilter& filter);

}  // namespace nodespan::k8s
