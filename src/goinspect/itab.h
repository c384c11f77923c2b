// SPDX-License-Identifier: Apache-2.0
// ItabIndex lists the itabs that the linker made: which interface and which concrete type each of them joins.
//
// They are recognised by what they are, two neighbouring words that point at an interface descriptor and at a
// descriptor whose hash follows, then a method in executable memory, so it does not matter where a Go release keeps
// them (a list of pointers up to 1.26, packed behind the types since 1.27). Source: Go's internal/abi/iface.go (ITab).
// The descriptors lie scattered, so they are only looked at for an itab that is asked for.
// Thread: immutable after Build(). Bad input: kResourceExhausted for more than kMaxItabs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "elf/image.h"
#include "goinspect/type_reader.h"

namespace nodespan::goinspect {

class ItabIndex {
 public:
  static constexpr size_t kMaxItabs = 500'000;
  static constexpr uint64_t kMinimumBytes = 32;  // of an itab: one method

  // Scans all data once. [skip_begin, skip_end) is known to have no itab (pclntab).
  static absl::StatusOr<ItabIndex> Build(elf::Image& image, TypeReader& reader, uint64_t skip_begin_vaddr,
                                         uint64_t skip_end_vaddr);

  // The first itab that joins the two.
  std::optional<uint64_t> Find(elf::Image& image, const TypeHeader& interface, const TypeHeader& type) const;

  // What may be itabs of the interface, by address: the caller compares the hash of each type (IsOf).
  struct Candidate {
    uint64_t vaddr;
    uint64_t type_vaddr;
  };
  std::vector<Candidate> OfInterface(const TypeHeader& interface) const;
  static bool IsOf(elf::Image& image, uint64_t itab_vaddr, const TypeHeader& type);

  size_t size() const { return itabs_.size(); }

 private:
  struct Itab {
    uint32_t interface_off;  // both from the region's start
    uint32_t type_off;
    uint64_t vaddr;
  };
  uint64_t region_vaddr_ = 0;
  std::vector<Itab> itabs_;
};

}  // namespace nodespan::goinspect
