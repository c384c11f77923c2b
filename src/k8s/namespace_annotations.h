// SPDX-License-Identifier: Apache-2.0
// Which namespaces ask for tracing of their pods by the annotation of the OpenTelemetry operator, within a bound of
// memory. What the values mean, and whether the pod's own goes first, is decided in discovery/pod_selection.h.
//
// Thread: one at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"

namespace nodespan::k8s {

// Of pods and of namespaces.
inline constexpr std::string_view kInjectGoAnnotation = "instrumentation.opentelemetry.io/inject-go";

struct Namespace {
  std::string name;       // never empty; an identifier as in pod.h
  std::string inject_go;  // the annotation, any bytes, at most kMaxMetadataValueBytes; empty: it has none

  bool operator==(const Namespace&) const = default;
};

class NamespaceAnnotations {
 public:
  // Only namespaces with the annotation take memory, so this is room for more than 5,000 of them.
  static constexpr size_t kMaxBytes = size_t{1024} * 1024;

  // What is known of the namespace from now on; without the annotation it is forgotten. False: there is no room for it,
  // and it counts as one without.
  bool Set(const Namespace& space);

  // Empty: without the annotation, or not known. Valid until the next Set().
  std::string_view Find(std::string_view name) const;

  size_t size() const { return by_name_.size(); }

 private:
  absl::flat_hash_map<std::string, std::string> by_name_;
  size_t bytes_ = 0;  // estimated from above
};

}  // namespace nodespan::k8s
