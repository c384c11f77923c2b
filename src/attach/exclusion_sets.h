// SPDX-License-Identifier: Apache-2.0
// What traced processes want excluded, as the kernel side compares it. Processes with equal settings share a set.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bpf/abi/exclusions.h"
#include "model/exclusions.h"

namespace nodespan::attach {

ns_exclusions ToPatterns(const model::Exclusions& exclusions);

// Thread: one at a time.
class ExclusionSets {
 public:
  using Writer = std::function<absl::Status(uint32_t set, const ns_exclusions& patterns)>;

  // `write` puts the patterns where the programs find them.
  explicit ExclusionSets(Writer write) : write_(std::move(write)) {}

  // The number of the set, to be released once. Set 0 excludes nothing. kResourceExhausted: NS_EXCLUSION_SETS - 1
  // different settings are in use. Other errors are those of `write`.
  absl::StatusOr<uint8_t> Acquire(const model::Exclusions& exclusions);
  void Release(uint8_t set);

 private:
  struct Set {
    model::Exclusions exclusions;
    size_t users = 0;
  };

  Writer write_;
  std::array<Set, NS_EXCLUSION_SETS> sets_;
};

}  // namespace nodespan::attach
