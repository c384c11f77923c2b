// SPDX-License-Identifier: Apache-2.0
// The Instrumentation resources of the cluster as ApiWatch follows them, on their way into a PodStore.
//
// `store` and `counters` outlive this.
#pragma once

#include <string>
#include <vector>

#include "k8s/api_watch.h"
#include "k8s/instrumentations.h"
#include "k8s/pod_store.h"
#include "metrics/counters.h"

namespace nodespan::k8s {

// Where there is no right to read them, or the cluster does not have that kind of objects, nobody waits for them. What
// is known stays known when that comes later.
class WatchedInstrumentations final : public WatchedObjects {
 public:
  static constexpr const char* kPath = "/apis/opentelemetry.io/v1alpha1/instrumentations";

  // `variables` as of ParseInstrumentation().
  WatchedInstrumentations(std::vector<std::string> variables, PodStore* store, metrics::Counters* counters);

  void BeginList() override { listed_ = {}; }
  absl::Status AddListed(std::string_view json) override;
  void EndList() override;
  absl::StatusOr<WatchEvent> Apply(std::string_view line) override;
  void Tell(const absl::Status& status) override;

 private:
  const std::vector<std::string> variables_;
  PodStore* const store_;
  metrics::Counters* const counters_;
  Instrumentations listed_;  // during a list
  size_t listed_count_ = 0;  // of the last list
  bool is_known_ = false;    // they were listed once
};

}  // namespace nodespan::k8s
