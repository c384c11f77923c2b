// SPDX-License-Identifier: Apache-2.0
#include "k8s/instrumentations.h"

#include <utility>

namespace nodespan::k8s {

bool Instrumentations::Set(Instrumentation instrumentation) {
  if (const auto known = Find(instrumentation.namespace_name, instrumentation.name);
      known != nullptr && *known == instrumentation) {
    return true;
  }
  Remove(instrumentation.namespace_name, instrumentation.name);
  const size_t bytes = EstimateBytes(instrumentation);
  if (bytes_ + bytes > kMaxBytes) {
    return false;
  }
  bytes_ += bytes;
  auto made = std::make_shared<const Instrumentation>(std::move(instrumentation));
  by_namespace_[made->namespace_name][made->name] = made;
  return true;
}

void Instrumentations::Remove(std::string_view namespace_name, std::string_view name) {
  const auto space = by_namespace_.find(namespace_name);
  if (space == by_namespace_.end()) {
    return;
  }
  if (const auto found = space->second.find(name); found != space->second.end()) {
    bytes_ -= EstimateBytes(*found->second);
    space->second.erase(found);
  }
  if (space->second.empty()) {
    by_namespace_.erase(space);
  }
}

void Instrumentations::ShareWith(const Instrumentations& other) {
  for (auto& [namespace_name, space] : by_namespace_) {
    for (auto& [name, own] : space) {
      if (auto known = other.Find(namespace_name, name); known != nullptr && *known == *own) {
        own = std::move(known);
      }
    }
  }
}

std::shared_ptr<const Instrumentation> Instrumentations::Find(std::string_view namespace_name,
                                                              std::string_view name) const {
  const OfNamespace* space = FindAll(namespace_name);
  if (space == nullptr) {
    return nullptr;
  }
  const auto found = space->find(name);
  return found == space->end() ? nullptr : found->second;
}

const Instrumentations::OfNamespace* Instrumentations::FindAll(std::string_view namespace_name) const {
  const auto found = by_namespace_.find(namespace_name);
  return found == by_namespace_.end() ? nullptr : &found->second;
}

size_t Instrumentations::size() const {
  size_t count = 0;
  for (const auto& [name, space] : by_namespace_) {
    count += space.size();
  }
  return count;
}

}  // namespace nodespan::k8s
