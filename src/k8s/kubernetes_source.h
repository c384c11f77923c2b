// SPDX-License-Identifier: Apache-2.0
// Pods as the API server knows them: listed once, then watched (api_watch.h), so that a changed label is known within
// milliseconds. Needs the rights get, list and watch for pods; only pods of this node are asked for.
//
// With the same rights for namespaces their annotations count, too, and with those for Instrumentation resources what
// they say. Being in sync does not wait for either: pods are told anew when what is beside them gets known. Without the
// rights (403), or in a cluster that has no Instrumentation resources (404), pods are all there is; what comes later is
// noticed after `max_refused_wait` at the latest.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "k8s/api_client.h"
#include "k8s/api_watch.h"
#include "k8s/pod.h"
#include "k8s/pod_source.h"
#include "metrics/counters.h"

namespace nodespan::k8s {

struct KubernetesSourceOptions {
  ApiServer server;
  std::string node_name;
  ApiWatchTimes times;
  // Names of the variables that count in an Instrumentation: those that a traced program may say itself.
  std::vector<std::string> workload_variables;
  absl::Duration max_refused_wait = absl::Minutes(5);  // of namespaces and Instrumentation resources
};

// Where a pod finds its API server: the variables KUBERNETES_SERVICE_HOST and _PORT, and the folder of its service
// account with the files `ca.crt` and `token`. kNotFound: `host` is empty or there is no token.
absl::StatusOr<ApiServer> FindApiServer(const std::string& host, const std::string& port,
                                        const std::string& service_account_dir);

// A server that is not there yet is tried again; an error is only what will never work: kInvalidArgument, the name of
// the node is empty or no name. `counters` outlives the source.
absl::StatusOr<std::unique_ptr<PodSource>> StartKubernetesSource(const KubernetesSourceOptions& options,
                                                                 MetadataFilter filter, metrics::Counters* counters,
                                                                 PodsChanged on_change);

}  // namespace nodespan::k8s
