// SPDX-License-Identifier: Apache-2.0
// Namespaces and watch events about them as the API server writes them: the name and one annotation are kept. Foreign
// bytes; pure; any thread.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "k8s/namespace_annotations.h"
#include "k8s/watch_event.h"

namespace nodespan::k8s {

// An element of the list. kDataLoss: not a namespace, or one without name.
absl::StatusOr<Namespace> ParseNamespace(std::string_view json);

struct NamespaceEvent {
  WatchEvent event;
  Namespace space;  // what there is after the event, if event.has_object(): of a deleted one only its name
};

// One line of a watch. kDataLoss: it is no event that we know.
absl::StatusOr<NamespaceEvent> ParseNamespaceEvent(std::string_view line);

}  // namespace nodespan::k8s
