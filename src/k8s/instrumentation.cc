// SPDX-License-Identifier: Apache-2.0
#include "k8s/instrumentation.h"

namespace nodespan::k8s {
namespace {

size_t EstimateBytes(const StringMap& map) {
  // A node of a map with two strings of their own: measured on 64-bit glibc.
  constexpr size_t kPerEntry = 144;
  size_t bytes = sizeof(StringMap);
  for (const auto& [key, value] : map) {
    bytes += kPerEntry + key.size() + value.size();
  }
  return bytes;
}

}  // namespace

size_t EstimateBytes(const Instrumentation& instrumentation) {
  // With its place in Instrumentations, where both names stand once more.
  constexpr size_t kPerResource = sizeof(Instrumentation) + 256;
  size_t bytes = kPerResource + 2 * (instrumentation.namespace_name.size() + instrumentation.name.size()) +
                 EstimateBytes(instrumentation.resource_attributes);
  for (const StringMap& environment : instrumentation.environments) {
    bytes += EstimateBytes(environment);
  }
  return bytes;
}

}  // namespace nodespan::k8s
