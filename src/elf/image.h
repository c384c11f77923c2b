// SPDX-License-Identifier: Apache-2.0
// Image shows an executable file at its linked addresses: PT_LOAD segments, relative relocations applied.
//
// All reads are of the file-backed part of one segment; what lies in .bss or between segments does not exist here.
// Thread: one at a time. Lifetime: views live as long as the Image (see FileBytes, also for limits and the reason why
// nothing is mapped). Bad input: a Status from Open(), null or nullopt from accessors; load_status() tells why.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "elf/file_bytes.h"
#include "elf/headers.h"
#include "elf/relocations.h"

namespace nodespan::elf {

class Image {
 public:
  static absl::StatusOr<std::unique_ptr<Image>> Open(int fd);
  static absl::StatusOr<std::unique_ptr<Image>> OpenBytes(std::span<const uint8_t> bytes);

  const Headers& headers() const { return headers_; }
  const std::vector<Segment>& loads() const { return headers_.loads; }
  FileBytes& file() { return *file_; }
  const Relocations& relocations() const { return relocations_; }
  const absl::Status& load_status() const { return file_->load_status(); }

  // The segment that maps the address, .bss included; null when none does.
  const Segment* SegmentOf(uint64_t vaddr) const;
  bool IsMapped(uint64_t vaddr) const { return SegmentOf(vaddr) != nullptr; }

  // Nullopt when the address is not backed by the file.
  std::optional<uint64_t> FileOffset(uint64_t vaddr) const;
  // The address at which a file offset is loaded, if any.
  std::optional<uint64_t> VaddrOfFileOffset(uint64_t file_off) const;

  const uint8_t* View(uint64_t vaddr, uint64_t count);
  std::optional<uint64_t> ReadWord(uint64_t vaddr);
  void Release(uint64_t vaddr, uint64_t count);

  // One piece of a scan. A match may begin in the first `start_bytes` bytes; `bytes` goes on for as long as the scan's
  // look-ahead, or up to the end of the segment.
  struct Window {
    uint64_t vaddr;  // 8-aligned
    std::span<const uint8_t> bytes;
    uint64_t start_bytes;
  };
  // Shows the file-backed bytes of [begin, end) of `segment` piece by piece, without keeping them in memory, until
  // `visit` returns false. False when bytes could not be read. The relocation table, which can be a quarter of a
  // position-independent file and has nothing that anybody looks for, is passed over.
  bool Scan(const Segment& segment, uint64_t begin_vaddr, uint64_t end_vaddr, uint64_t look_ahead_bytes,
            absl::FunctionRef<bool(const Window&)> visit);
  bool Scan(const Segment& segment, uint64_t look_ahead_bytes, absl::FunctionRef<bool(const Window&)> visit) {
    return Scan(segment, segment.vaddr, segment.file_end_vaddr(), look_ahead_bytes, visit);
  }

  // Is there an SHT_SYMTAB section? Informational; false for anything unreadable.
  bool HasSymbolTable();

 private:
  Image(std::unique_ptr<FileBytes> file, Headers headers);
  static absl::StatusOr<std::unique_ptr<Image>> Create(std::unique_ptr<FileBytes> file);

  std::unique_ptr<FileBytes> file_;
  Headers headers_;
  Relocations relocations_;
  mutable const Segment* last_segment_ = nullptr;  // most lookups hit the segment of the one before
  std::vector<uint8_t> scan_buffer_;
};

}  // namespace nodespan::elf
