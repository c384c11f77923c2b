// SPDX-License-Identifier: Apache-2.0
// The workload that a pod belongs to: from its ownerReferences, or, where the container runtime is all there is to ask,
// from the names that the controllers of Kubernetes give their pods (SPEC section 3.7). Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "k8s/pod.h"

namespace nodespan::k8s {

struct Workload {
  std::string_view kind;  // as in k8s.<kind>.name: "deployment"; a constant
  std::string name;       // never empty
  std::string uid;        // empty: not known

  bool operator==(const Workload&) const = default;
};

// What names the service comes first: deployment before replicaset, cronjob before job. Empty for pods that nobody
// manages, for owners of other kinds, and where a name may have been cut by the API server, so that it tells nothing.
std::vector<Workload> FindWorkloads(const Pod& pod);

}  // namespace nodespan::k8s
