// SPDX-License-Identifier: Apache-2.0
// pclntab: Go's table of functions, present in every executable, stripped or not.
//
// Found by the magic number of its header alone. Source: Go's runtime/symtab.go (pcHeader, functab, _func) and
// internal/abi/symtab.go (magic numbers); layouts measured for Go 1.17 to 1.27.
// Thread: one at a time. Lifetime: must not outlive the Image. Bad input: candidates that contradict themselves are not
// candidates; a table entry that points outside its table is a function that does not exist.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "elf/image.h"

namespace nodespan::goinspect {

// Something that looks like a pcHeader. Whether it is the one of this program only moduledata can tell: an executable
// may carry another executable in its data.
struct PclntabHeader {
  uint64_t vaddr = 0;
  uint32_t magic = 0;
  uint64_t function_count = 0;
  // Offsets from vaddr; absent (zero) in the layout before Go 1.16, which is recognised only to be refused.
  uint64_t function_names_off = 0;
  uint64_t compile_units_off = 0;
  uint64_t file_names_off = 0;
  uint64_t pc_values_off = 0;
  uint64_t functions_off = 0;

  static constexpr uint64_t kBytes = 72;  // 8 bytes of magic and sizes, then 8 words; up to Go 1.17 one word less
  bool is_supported() const;              // Go 1.16 or newer
  bool has_absolute_entries() const;      // Go 1.16 and 1.17: functab and _func hold addresses instead of offsets
};

// All candidates in the file, those of segments that are not executable first. kResourceExhausted when there are more
// than any honest file has, or the file is too large to search.
absl::StatusOr<std::vector<PclntabHeader>> FindPclntabHeaders(elf::Image& image);

// What moduledata says about the tables (see moduledata.h).
struct FunctionTableRanges {
  uint64_t text_vaddr = 0;  // functab offsets count from here
  uint64_t function_count = 0;
  uint64_t names_vaddr = 0;
  uint64_t names_bytes = 0;
  uint64_t functions_vaddr = 0;  // pclntable: functab first, then the _func records
  uint64_t functions_bytes = 0;
  bool has_absolute_entries = false;  // see PclntabHeader
};

class FunctionTable {
 public:
  struct Entry {
    std::string_view name;  // of the names given, or in the file's name table
    uint64_t vaddr = 0;
    uint64_t size_bytes = 0;
  };

  FunctionTable(elf::Image& image, const FunctionTableRanges& ranges) : image_(image), ranges_(ranges) {}

  // One entry per name, in order; absent when there is no such function.
  std::vector<std::optional<Entry>> Find(std::span<const std::string_view> names) const;

  // What the patterns (names.h) stand for, one entry each. Slower than Find: every name is tried with every pattern.
  struct Matches {
    std::vector<Entry> functions;  // by address
    bool is_named = false;         // such a name is in the table; without functions it is one of inlined code
  };
  std::vector<Matches> FindMatching(std::span<const std::string_view> patterns) const;

  // The function whose code, padding included, contains the address.
  std::optional<Entry> At(uint64_t vaddr) const;

  const FunctionTableRanges& ranges() const { return ranges_; }

 private:
  struct Record {
    uint32_t entry_off;
    uint32_t end_off;
    uint32_t name_off;
  };
  // Where function `index` begins, from text_vaddr; index function_count gives the end of the last one.
  std::optional<uint32_t> EntryOff(uint64_t index) const;
  std::optional<Record> ReadRecord(uint64_t index) const;
  std::optional<std::string_view> Name(uint32_t name_off) const;

  elf::Image& image_;
  FunctionTableRanges ranges_;
};

}  // namespace nodespan::goinspect
