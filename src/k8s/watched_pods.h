// SPDX-License-Identifier: Apache-2.0
// The pods of this node, and the annotations of all namespaces, as ApiWatch follows them: both end up in a PodStore.
//
// `store` and `counters` outlive these.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "k8s/api_watch.h"
#include "k8s/namespace_annotations.h"
#include "k8s/pod.h"
#include "k8s/pod_store.h"
#include "metrics/counters.h"

namespace nodespan::k8s {

class WatchedPods final : public WatchedObjects {
 public:
  WatchedPods(std::string node_name, MetadataFilter filter, PodStore* store)
      : node_name_(std::move(node_name)), filter_(std::move(filter)), store_(store) {}

  void BeginList() override { listed_.clear(); }
  absl::Status AddListed(std::string_view json) override;
  void EndList() override;
  absl::StatusOr<WatchEvent> Apply(std::string_view line) override;
  void Tell(const absl::Status& status) override;

 private:
  const std::string node_name_;
  const MetadataFilter filter_;
  PodStore* const store_;
  std::vector<Pod> listed_;  // during a list
};

// What is known stays known when the right to read namespaces is taken away: an API server that is starting refuses for
// a moment what it will allow.
class WatchedNamespaces final : public WatchedObjects {
 public:
  WatchedNamespaces(PodStore* store, metrics::Counters* counters) : store_(store), counters_(counters) {
    store_->AwaitNamespaces();
  }

  void BeginList() override { listed_ = {}; }
  absl::Status AddListed(std::string_view json) override;
  void EndList() override;
  absl::StatusOr<WatchEvent> Apply(std::string_view line) override;
  void Tell(const absl::Status& status) override;

 private:
  PodStore* const store_;
  metrics::Counters* const counters_;
  NamespaceAnnotations listed_;  // during a list
  bool is_known_ = false;        // they were listed once
};

}  // namespace nodespan::k8s
