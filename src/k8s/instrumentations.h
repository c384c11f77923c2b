// SPDX-License-Identifier: Apache-2.0
// The Instrumentation resources of the cluster, within a bound of memory.
//
// Thread: one at a time.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "k8s/instrumentation.h"

namespace nodespan::k8s {

class Instrumentations {
 public:
  // One takes about 1 kB, so this is room for a thousand.
  static constexpr size_t kMaxBytes = size_t{1024} * 1024;

  // What is known of it from now on. False: there is no room for it, and it counts as not there.
  bool Set(Instrumentation instrumentation);
  void Remove(std::string_view namespace_name, std::string_view name);

  // Those that are equal in `other` become its very objects, so that a list does not make anything look changed.
  void ShareWith(const Instrumentations& other);

  // Null: not there.
  std::shared_ptr<const Instrumentation> Find(std::string_view namespace_name, std::string_view name) const;
  // All of one namespace, by name; null: it has none.
  using OfNamespace = std::map<std::string, std::shared_ptr<const Instrumentation>, std::less<>>;
  const OfNamespace* FindAll(std::string_view namespace_name) const;

  size_t size() const;

 private:
  std::map<std::string, OfNamespace, std::less<>> by_namespace_;  // none is empty
  size_t bytes_ = 0;                                              // estimated from above
};

}  // namespace nodespan::k8s
