// SPDX-License-Identifier: Apache-2.0
// PodSelection decides what pods ask for: which of their processes are to be traced, and which never.
//
// A pod asks for it by its labels (--pod-selector), within --namespace and --exclude-namespace, or by the annotation
// instrumentation.opentelemetry.io/inject-go, its own or else that of its namespace, as for the OpenTelemetry operator
// (SPEC section 6); the operator's other annotations of the pod choose containers and an executable in it. Four kinds
// of pods are left alone whatever asks for them: those that say so (label nodespan.io/trace=disabled), those that the
// operator's sidecar traces already, collectors, whose spans would be about spans, and nodespan itself.
//
// Pure and immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "k8s/label_selector.h"
#include "k8s/pod.h"

namespace nodespan::discovery {

struct PodSelectionOptions {
  k8s::LabelSelector selector;
  std::vector<std::string> namespaces;  // empty: all
  std::vector<std::string> exclude_namespaces;
  std::string own_pod_uid;  // empty: not in a pod
};

enum class PodVerdict {
  kSelected,
  kNotSelected,  // options can select the process nevertheless
  kLeftAlone,    // only --pid selects it
  kDisabled,     // nothing selects it
};

struct PodDecision {
  PodVerdict verdict = PodVerdict::kNotSelected;
  std::string reason;  // for people: "pod shop/cart-0 is selected by its labels"
};

class PodSelection {
 public:
  explicit PodSelection(PodSelectionOptions options) : options_(std::move(options)) {}

  // About a process of that pod. `exe_path` is the path of its executable as the process sees it. Without a container
  // (not known yet) nothing that depends on the container selects.
  PodDecision Decide(const k8s::ContainerRef& ref, std::string_view exe_path) const;

 private:
  bool IsInNamespaces(const k8s::Pod& pod) const;

  const PodSelectionOptions options_;
};

}  // namespace nodespan::discovery
