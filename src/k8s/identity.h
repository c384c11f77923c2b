// SPDX-License-Identifier: Apache-2.0
// What Kubernetes says about a service: its name, and the attributes of its pod and container (SPEC sections 3.6, 3.7).
// Pure; any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "k8s/pod.h"
#include "model/attribute.h"

namespace nodespan::k8s {

struct WorkloadIdentity {
  // Never empty: annotation, labels (if asked for), deployment, replicaset, statefulset, daemonset, cronjob, job, pod.
  std::string service_name;
  // The pod's annotations resource.opentelemetry.io/KEY, but for service.name. They win over what is detected.
  std::vector<std::pair<std::string, std::string>> stated;
  // resourceAttributes of its Instrumentation. What is detected wins over them.
  std::vector<std::pair<std::string, std::string>> defaults;
  // k8s.*, container.*, and service.namespace, .version and .instance.id. Unique keys; any bytes in values.
  std::vector<model::ResourceAttribute> detected;
};

struct IdentityOptions {
  std::string node_name;  // when the pod does not say it; empty: not known
  // app.kubernetes.io/{instance,name,version} name the service, as with the operator's
  // useLabelsForResourceAttributes; where the pod's Instrumentation says it, that one counts.
  bool uses_labels = false;
  // Appended to service.instance.id, for a second process of one container; empty: "namespace.pod.container" alone.
  std::string instance_suffix;
};

// `container_id` is what the process itself shows; `ref.pod` is not null.
WorkloadIdentity DescribeWorkload(const ContainerRef& ref, const std::string& container_id,
                                  const IdentityOptions& options);

}  // namespace nodespan::k8s
