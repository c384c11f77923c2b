// SPDX-License-Identifier: Apache-2.0
// Pods as the API server knows them: listed once, then watched, so that a changed label is known within milliseconds.
// Needs the rights get, list and watch for pods, and nothing else; only pods of this node are asked for.
//
// The list comes from the API server's cache (resourceVersion=0), as for the kubelet: it is indexed by node there. A
// watch that ends is taken up where it ended; after an event that could not be read all pods are listed again, and
// after 410 Gone, too, then as they are stored.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "k8s/api_client.h"
#include "k8s/backoff.h"
#include "k8s/pod.h"
#include "k8s/pod_source.h"
#include "metrics/counters.h"

namespace nodespan::k8s {

struct KubernetesSourceOptions {
  ApiServer server;
  std::string node_name;
  Backoff::Options backoff;
  absl::Duration list_timeout = absl::Seconds(60);
  // A list that sends nothing for so long is given up.
  absl::Duration list_stall = absl::Seconds(10);
  // The server ends a watch after this time, drawn between it and twice as long, so that not all nodes return at once.
  absl::Duration watch_time = absl::Minutes(5);
};

// Where a pod finds its API server: the variables KUBERNETES_SERVICE_HOST and _PORT, and the folder of its service
// account with the files `ca.crt` and `token`. kNotFound: `host` is empty or there is no token.
absl::StatusOr<ApiServer> FindApiServer(const std::string& host, const std::string& port,
                                        const std::string& service_account_dir);

// A server that is not there yet is tried again; an error is only what will never work: kInvalidArgument, the name of
// the node is empty or no name. `counters` outlives the source.
absl::StatusOr<std::unique_ptr<PodSource>> StartKubernetesSource(KubernetesSourceOptions options, MetadataFilter filter,
                                                                 metrics::Counters* counters, PodsChanged on_change);

}  // namespace nodespan::k8s
