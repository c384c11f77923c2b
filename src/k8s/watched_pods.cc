// SPDX-License-Identifier: Apache-2.0
#include "k8s/watched_pods.h"

#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "k8s/namespace_json.h"
#include "k8s/pod_json.h"

namespace nodespan::k8s {

absl::Status WatchedPods::AddListed(std::string_view json) {
  NODESPAN_ASSIGN_OR_RETURN(ApiPod pod, ParsePod(json, filter_));
  if (!pod.has_ended && listed_.size() < 2 * PodStore::kMaxPods) {
    listed_.push_back(std::move(pod.pod));
  }
  return absl::OkStatus();
}

void WatchedPods::EndList() { store_->ReplaceAll(std::exchange(listed_, {})); }

absl::StatusOr<WatchEvent> WatchedPods::Apply(std::string_view line) {
  NODESPAN_ASSIGN_OR_RETURN(PodEvent told, ParsePodEvent(line, filter_));
  if (told.pod && told.event.type == WatchEvent::Type::kPut && !told.pod->has_ended) {
    store_->Put(std::move(told.pod->pod));
  } else if (told.pod) {
    store_->Remove(told.pod->pod.uid);
  }
  return std::move(told.event);
}

void WatchedPods::Tell(const absl::Status& status) {
  if (status.ok()) {
    spdlog::info("pods come from the API server: {} known on node {}", store_->snapshot()->pods().size(), node_name_);
    return;
  }
  const std::string_view help =
      absl::IsPermissionDenied(status) ? " (the service account needs get, list and watch for pods)" : "";
  spdlog::warn("API server: {}{}; trying again, known pods stay known", base::Message(status), help);
}

absl::Status WatchedNamespaces::AddListed(std::string_view json) {
  NODESPAN_ASSIGN_OR_RETURN(const Namespace space, ParseNamespace(json));
  if (!listed_.Set(space)) {
    counters_->Add(metrics::Counter::kNamespacesLeftOut);
  }
  return absl::OkStatus();
}

void WatchedNamespaces::EndList() {
  store_->ReplaceNamespaces(std::exchange(listed_, {}));
  is_known_ = true;
}

absl::StatusOr<WatchEvent> WatchedNamespaces::Apply(std::string_view line) {
  NODESPAN_ASSIGN_OR_RETURN(NamespaceEvent told, ParseNamespaceEvent(line));
  if (told.event.has_object()) {
    store_->PutNamespace(told.space);
  }
  return std::move(told.event);
}

void WatchedNamespaces::Tell(const absl::Status& status) {
  if (absl::IsPermissionDenied(status)) {
    store_->RefuseNamespaces();
  }
  if (status.ok()) {
    spdlog::info("annotations of namespaces come from the API server");
  } else if (!absl::IsPermissionDenied(status)) {
    spdlog::warn("API server: {}; trying again, known namespaces stay known", base::Message(status));
  } else if (is_known_) {
    spdlog::warn("API server: {}; known namespaces stay as they were, trying again now and then",
                 base::Message(status));
  } else {
    // Whoever does not use them need not allow it.
    spdlog::info(
        "annotations of namespaces do not count, those of pods do: {} (the service account may get, list and watch "
        "namespaces where they shall); trying again now and then",
        base::Message(status));
  }
}

}  // namespace nodespan::k8s
