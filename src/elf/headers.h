// SPDX-License-Identifier: Apache-2.0
// The ELF header and program headers of a 64-bit little-endian executable, checked and in the terms the readers use.
//
// Section headers are not read: they may be missing (sstrip) or lie. Source: System V ABI, "Object Files" and "Program
// Loading"; elf(5).
// Thread: plain values. Bad input: kNotFound not an ELF executable, kUnimplemented recognised and not supported
// (32-bit, big-endian, foreign machine), kDataLoss malformed, kResourceExhausted more program headers than any linker
// writes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace nodespan::elf {

enum class Machine : uint16_t { kX86_64 = 62, kAarch64 = 183 };  // e_machine

// One PT_LOAD. Bytes [0, file_bytes) come from the file, [file_bytes, mem_bytes) are zero at start (.bss).
struct Segment {
  uint64_t vaddr = 0;
  uint64_t mem_bytes = 0;
  uint64_t file_off = 0;
  uint64_t file_bytes = 0;
  bool writable = false;
  bool executable = false;

  bool Maps(uint64_t address) const { return address - vaddr < mem_bytes; }
  uint64_t file_end_vaddr() const { return vaddr + file_bytes; }
};

struct FileRange {
  uint64_t file_off = 0;
  uint64_t bytes = 0;
};

struct Headers {
  Machine machine = Machine::kX86_64;
  bool is_shared_object = false;  // ET_DYN: position-independent executable or shared library
  bool has_interpreter = false;   // PT_INTERP
  std::vector<Segment>
      loads;  // PT_LOAD in order of address, overlapping neither each other nor the address space's end
  std::vector<FileRange> notes;             // PT_NOTE
  std::optional<FileRange> dynamic;         // PT_DYNAMIC
  std::optional<uint64_t> relro_end_vaddr;  // end of PT_GNU_RELRO
  FileRange section_headers;                // as the header claims, unchecked; bytes is 0 when there are none
  uint64_t end_file_off = 0;                // of the program header table
};

// Fills `out` with the bytes of the file at an offset; false when the file does not have them or cannot be read.
using ReadAt = absl::FunctionRef<bool(uint64_t file_off, std::span<uint8_t> out)>;

absl::StatusOr<Headers> ReadHeaders(ReadAt read_at);

}  // namespace nodespan::elf
