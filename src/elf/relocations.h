// SPDX-License-Identifier: Apache-2.0
// The relative relocations of a position-independent executable, applied to bytes of its file as they are looked at.
//
// In such a file a pointer slot may hold zero: its value, the address as linked, is the addend of an R_*_RELATIVE entry
// of the DT_RELA table. DT_RELR entries keep the addend in the slot itself and need no work. Sources: System V ABI
// "Relocation", "Dynamic Section"; psABI amd64 R_X86_64_RELATIVE = 8, arm64 R_AARCH64_RELATIVE = 1027.
// Go's own linker does not sort the table, so entries are kept grouped by file chunk: 8 bytes each, built in two
// passes.
//
// Thread: immutable after Read(). Bad input: kDataLoss for a table outside the file; entries that point nowhere, or at
// slots that are not 8-aligned (no Go pointer is), or that lead more than 4 GiB beyond the first segment, are left out;
// kResourceExhausted beyond kMaxEntries.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "elf/file_bytes.h"
#include "elf/headers.h"

namespace nodespan::elf {

class Relocations {
 public:
  static constexpr uint64_t kMaxEntries = 4'000'000;  // an executable of 100 MB has about 500'000

  // Empty when the file has no PT_DYNAMIC or no DT_RELA.
  static absl::StatusOr<Relocations> Read(const Headers& headers, FileBytes& file);

  bool empty() const { return addends_.empty(); }
  size_t size() const { return addends_.size(); }
  // Where the table itself lies.
  FileRange table() const { return table_; }

  // Writes the addends of all slots that lie wholly inside `bytes`, which are those of the file at `file_off`.
  void Apply(uint64_t file_off, std::span<uint8_t> bytes) const;

  // Where in the file the slots are that will point to `vaddr`.
  std::vector<uint64_t> SlotsPointingTo(uint64_t vaddr) const;

 private:
  std::vector<uint32_t> first_of_chunk_;  // index into the arrays below, by FileBytes chunk; one more than chunks
  std::vector<uint32_t> slots_;           // file offset / 8
  std::vector<uint32_t> addends_;         // parallel to slots_, counted from base_vaddr_
  uint64_t base_vaddr_ = 0;               // of the first segment
  FileRange table_;
};

}  // namespace nodespan::elf
