// SPDX-License-Identifier: Apache-2.0
// What the annotation inject-go of the OpenTelemetry operator asks for, of a pod and of its namespace (the operator's
// internal/instrumentation/annotation.go and podmutator.go).
//
// Pure; any thread.
#pragma once

#include <string_view>

#include "k8s/pod.h"

namespace nodespan::k8s {

struct InjectGo {
  enum class Asking { kNobody, kPod, kNamespace };
  Asking asking = Asking::kNobody;
  // The Instrumentation that is meant. Empty `name`: the only one of the namespace ("true").
  std::string_view namespace_name;
  std::string_view name;
};

// Views into both. What a pod says goes first, but where it says true and its namespace names an Instrumentation, that
// one is meant. `of_namespace`: the annotation of its namespace.
InjectGo ReadInjectGo(const Pod& pod, std::string_view of_namespace);

}  // namespace nodespan::k8s
