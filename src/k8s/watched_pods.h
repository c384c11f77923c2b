// SPDX-License-Identifier: Apache-2.0
// The pods of this node as ApiWatch follows them: they end up in a PodStore, which outlives this.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "k8s/api_watch.h"
#include "k8s/pod.h"
#include "k8s/pod_store.h"

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

}  // namespace nodespan::k8s
