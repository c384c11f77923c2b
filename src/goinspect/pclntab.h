// SPDX-License-Identifier: Apache-2.0
// pclntab: Go's table of functions, present in every executable, stripped or not.
//
// Found by the magic number of its header alone. Source: Go's runtime/symtab.go (pcHeader, functab, _func) and
// internal/abi/symtab.go (magic numbers); layouts measured for Go 1.17 to 1.27.
// Thread: one at a time. Lifetime: must not outlive the Image. Bad input: candidates that contradict themselves are not
// candidates; a table entry that points outside its table is a function that does not exist.
#pragma once

#include <cstdint>
#include <memory>
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
  bool has_start_line() const;            // Go 1.20 and newer: a _func has one more word
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

  static constexpr uint64_t kMaxNameBytes = uint64_t{64} << 10;
  // functab entries are {entry, offset of the _func}, and a _func begins {entry, nameOff int32}. What an entry takes is
  // all that has changed: four bytes, or eight where it is an address.
  uint64_t entry_bytes() const { return has_absolute_entries ? 8 : 4; }
};

class FunctionIndex;

class FunctionTable {
 public:
  struct Entry {
    std::string_view name;  // of the names given, or in the file's name table
    uint64_t vaddr = 0;
    uint64_t size_bytes = 0;
    uint64_t record_vaddr = 0;  // of its _func, which leads to the name
  };

  FunctionTable(elf::Image& image, const FunctionTableRanges& ranges);
  ~FunctionTable();

  // One entry per name, in order; absent when there is no such function. The first call reads the whole table and
  // builds an index, which makes the later ones cheap.
  std::vector<std::optional<Entry>> Find(std::span<const std::string_view> names);

  // What the patterns (names.h) stand for, one entry each. Slower than Find: goes over all names.
  struct Matches {
    std::vector<Entry> functions;  // by address; at most kMaxMatches, which no program has
    bool is_named = false;         // such a name is in the table; without functions it is one of inlined code
  };
  static constexpr size_t kMaxMatches = 1024;
  std::vector<Matches> FindMatching(std::span<const std::string_view> patterns);

  // The function whose code, padding included, contains the address.
  std::optional<Entry> At(uint64_t vaddr) const;

  // Position in the table of the last function that begins at or before the address.
  std::optional<uint64_t> IndexOf(uint64_t vaddr) const;

  // Address of the _func of function `index`, if it lies in the table.
  std::optional<uint64_t> RecordVaddr(uint64_t index) const;

  // The name at an offset in the table of names.
  std::optional<std::string_view> Name(uint32_t name_off) const;

  const FunctionTableRanges& ranges() const { return ranges_; }

 private:
  struct Record {
    uint32_t entry_off;
    uint32_t end_off;
    uint32_t name_off;
    uint64_t vaddr;
  };
  // Where function `index` begins, from text_vaddr; index function_count gives the end of the last one.
  std::optional<uint32_t> EntryOff(uint64_t index) const;
  std::optional<Record> ReadRecord(uint64_t index) const;

  // Null when the table cannot be read.
  const FunctionIndex* Index();
  std::optional<Entry> ReadEntry(uint64_t index) const;
  std::optional<Entry> FindOne(const FunctionIndex& index, std::string_view name) const;
  // Adds the functions called `name`, one for each shape if it is that of a generic function.
  void AddAll(const FunctionIndex& index, std::string_view name, std::vector<Entry>& functions) const;

  elf::Image& image_;
  FunctionTableRanges ranges_;
  std::optional<absl::StatusOr<std::unique_ptr<const FunctionIndex>>> index_;
};

}  // namespace nodespan::goinspect
