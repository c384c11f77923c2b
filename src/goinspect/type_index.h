// SPDX-License-Identifier: Apache-2.0
// TypeIndex finds the descriptors of named types by package path and name.
//
// Built of a hash and an offset for each named type: 8 bytes each, 10'000 to 60'000 types in real programs. One pass
// over the region finds the descriptors, two more read names and package paths, all in the order of the file and
// keeping nothing of it in memory. A name is compared in full when it is looked up. Thread: immutable after Build(),
// apart from the reader it uses. Lifetime: must not outlive the Image. Bad input: kResourceExhausted for more named
// types than kMaxTypes or an absurd amount of names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "elf/image.h"
#include "goinspect/type_reader.h"
#include "goinspect/type_region.h"

namespace nodespan::goinspect {

class TypeIndex {
 public:
  static constexpr size_t kMaxTypes = 1'000'000;

  static absl::StatusOr<TypeIndex> Build(elf::Image& image, const TypeRegion& region);

  // All types of that name, usually one: types declared inside functions may share theirs. "net/http.Request", or
  // "error" for a predeclared one; with a leading "*" the pointers to them.
  std::vector<TypeHeader> Find(std::string_view qualified_name);

  size_t size() const { return entries_.size(); }
  TypeReader& reader() { return reader_; }

 private:
  struct Entry {
    uint32_t hash;
    uint32_t offset;  // from the region's start, in units of 8 bytes
  };
  // A named type whose name has not been read yet.
  struct Candidate {
    uint32_t offset;    // as in Entry
    uint32_t name_off;  // from the region's start
    uint32_t path_off;  // of the package path; 0: predeclared
  };
  explicit TypeIndex(const TypeReader& reader) : reader_(reader) {}
  std::vector<TypeHeader> FindPointersTo(std::string_view qualified_name);
  // Both take offsets of descriptors, as in Entry.
  void LearnMapDescriptorSize(std::span<const uint32_t> maps);
  void LearnFieldOffsetShift(std::span<const uint32_t> structs);
  std::optional<TypeHeader> HeaderAt(uint32_t offset);
  bool FindCandidates(std::vector<Candidate>& candidates);
  bool HashNames(std::vector<Candidate>& candidates);

  TypeReader reader_;
  std::vector<Entry> entries_;  // by hash
};

}  // namespace nodespan::goinspect
