// SPDX-License-Identifier: Apache-2.0
// What a pod gets from objects beside it: the annotation of its namespace, and the Instrumentation that both ask for.
//
// Thread: one at a time.
#pragma once

#include <memory>
#include <string_view>

#include "k8s/instrumentations.h"
#include "k8s/namespace_annotations.h"
#include "k8s/pod.h"

namespace nodespan::k8s {

class PodSurroundings {
 public:
  // kUnread: nobody reads them. kAwaited: somebody does, and none was told yet -> kKnown, kRefused.
  // kRefused: there is no right to read them, or no such kind of objects -> kKnown.
  // kKnown: they were told at least once, which is what counts from then on.
  enum class Knowledge { kUnread, kAwaited, kRefused, kKnown };
  // One kind of objects.
  template <typename Objects>
  struct Kind {
    Objects objects;
    Knowledge knowledge = Knowledge::kUnread;

    void Refuse() { knowledge = knowledge == Knowledge::kAwaited ? Knowledge::kRefused : knowledge; }
  };

  struct OfPod {
    std::string_view inject_go;  // into this, valid until it changes
    InstrumentationLookup lookup = InstrumentationLookup::kNone;
    std::shared_ptr<const Instrumentation> instrumentation;
  };
  // What belongs into the members of `pod` that are filled in.
  OfPod Find(const Pod& pod) const;
  bool IsCurrent(const Pod& pod) const;
  void FillIn(Pod& pod) const;

  Kind<NamespaceAnnotations> namespaces;
  Kind<Instrumentations> instrumentations;

 private:
  void LookUp(const Pod& pod, OfPod& result) const;
};

}  // namespace nodespan::k8s
