// SPDX-License-Identifier: Apache-2.0
#include "k8s/pod_surroundings.h"

#include <utility>

#include "k8s/inject_go.h"

namespace nodespan::k8s {

PodSurroundings::OfPod PodSurroundings::Find(const Pod& pod) const {
  OfPod result;
  result.inject_go = namespaces.objects.Find(pod.namespace_name);
  if (instrumentations.knowledge == Knowledge::kAwaited || instrumentations.knowledge == Knowledge::kKnown) {
    LookUp(pod, result);
  }
  return result;
}

void PodSurroundings::LookUp(const Pod& pod, OfPod& result) const {
  if (namespaces.knowledge == Knowledge::kAwaited) {
    result.lookup = InstrumentationLookup::kPending;  // The namespace may ask, or name another.
    return;
  }
  const InjectGo asked = ReadInjectGo(pod, result.inject_go);
  if (asked.asking == InjectGo::Asking::kNobody) {
    return;
  }
  if (instrumentations.knowledge == Knowledge::kAwaited) {
    result.lookup = InstrumentationLookup::kPending;
    return;
  }
  if (!asked.name.empty()) {
    result.instrumentation = instrumentations.objects.Find(asked.namespace_name, asked.name);
    result.lookup = result.instrumentation == nullptr ? InstrumentationLookup::kMissing : InstrumentationLookup::kFound;
    return;
  }
  const Instrumentations::OfNamespace* all = instrumentations.objects.FindAll(asked.namespace_name);
  if (all == nullptr) {
    return;  // It asks for tracing, and for nothing else.
  }
  if (all->size() > 1) {
    result.lookup = InstrumentationLookup::kAmbiguous;
    return;
  }
  result.instrumentation = all->begin()->second;
  result.lookup = InstrumentationLookup::kFound;
}

bool PodSurroundings::IsCurrent(const Pod& pod) const {
  const OfPod found = Find(pod);
  return pod.namespace_inject_go == found.inject_go && pod.instrumentation_lookup == found.lookup &&
         pod.instrumentation == found.instrumentation;
}

void PodSurroundings::FillIn(Pod& pod) const {
  OfPod found = Find(pod);
  pod.namespace_inject_go = found.inject_go;
  pod.instrumentation_lookup = found.lookup;
  pod.instrumentation = std::move(found.instrumentation);
}

}  // namespace nodespan::k8s
