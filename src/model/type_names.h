// SPDX-License-Identifier: Apache-2.0
// Names of the Go types that records of one binary may mention by the address of their descriptor. Immutable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nodespan::model {

class TypeNames {
 public:
  // (address as linked, name: "*net.OpError" with the whole package path)
  explicit TypeNames(std::vector<std::pair<uint64_t, std::string>> names) : names_(std::move(names)) {
    std::sort(names_.begin(), names_.end());
    names_.shrink_to_fit();
  }

  // Empty when the address is none of a known type.
  std::string_view Find(uint64_t vaddr) const {
    const auto it = std::lower_bound(names_.begin(), names_.end(), vaddr,
                                     [](const auto& entry, uint64_t value) { return entry.first < value; });
    return it != names_.end() && it->first == vaddr ? std::string_view(it->second) : std::string_view();
  }
  size_t size() const { return names_.size(); }

 private:
  std::vector<std::pair<uint64_t, std::string>> names_;
};

using TypeNamesPtr = std::shared_ptr<const TypeNames>;

}  // namespace nodespan::model
