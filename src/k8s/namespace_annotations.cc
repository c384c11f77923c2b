// SPDX-License-Identifier: Apache-2.0
#include "k8s/namespace_annotations.h"

#include "base/errors.h"

namespace nodespan::k8s {
namespace {

size_t EstimateBytes(std::string_view name, std::string_view value) {
  // Two strings in a slot of a table that is half empty at worst, and what malloc adds to them.
  constexpr size_t kPerEntry = 4 * sizeof(std::string) + 32;
  return kPerEntry + name.size() + value.size();
}

}  // namespace

bool NamespaceAnnotations::Set(const Namespace& space) {
  if (const auto known = by_name_.find(space.name); known != by_name_.end()) {
    bytes_ -= EstimateBytes(known->first, known->second);
    by_name_.erase(known);
  }
  if (space.inject_go.empty()) {
    return true;
  }
  const size_t bytes = EstimateBytes(space.name, space.inject_go);
  if (bytes_ + bytes > kMaxBytes) {
    return false;
  }
  bytes_ += bytes;
  by_name_[space.name] = space.inject_go;
  return true;
}

std::string_view NamespaceAnnotations::Find(std::string_view name) const {
  const auto found = by_name_.find(base::ToAbsl(name));
  return found == by_name_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace nodespan::k8s
