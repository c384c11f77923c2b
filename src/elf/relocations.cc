// SPDX-License-Identifier: Apache-2.0
#include "elf/relocations.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "absl/functional/function_ref.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "elf/little_endian.h"

namespace nodespan::elf {
namespace {

using absl::StatusCode;
using base::MakeStatus;

constexpr uint64_t kSlotBytes = 8;
constexpr uint64_t kMaxDynamicEntries = 1024;

std::optional<uint64_t> FileOffsetOf(const Headers& headers, uint64_t vaddr, const Segment*& last_hit) {
  if (last_hit == nullptr || vaddr - last_hit->vaddr >= last_hit->file_bytes) {
    last_hit = nullptr;
    for (const Segment& segment : headers.loads) {
      if (vaddr - segment.vaddr < segment.file_bytes) {
        last_hit = &segment;
      }
    }
    if (last_hit == nullptr) {
      return std::nullopt;
    }
  }
  return vaddr - last_hit->vaddr + last_hit->file_off;
}

// Where the DT_RELA table lies in the file; bytes is 0 when there is none.
absl::StatusOr<FileRange> FindTable(const Headers& headers, FileBytes& file) {
  if (!headers.dynamic.has_value()) {
    return FileRange{};
  }
  const uint64_t count = std::min(headers.dynamic->bytes / sizeof(Elf64_Dyn), kMaxDynamicEntries);
  const uint8_t* dynamic = file.View(headers.dynamic->file_off, count * sizeof(Elf64_Dyn));
  if (dynamic == nullptr) {
    return MakeStatus(StatusCode::kDataLoss, "PT_DYNAMIC lies outside the file");
  }
  std::optional<uint64_t> table_vaddr;
  uint64_t table_bytes = 0;
  uint64_t entry_bytes = sizeof(Elf64_Rela);
  for (uint64_t i = 0; i < count; ++i) {
    Elf64_Dyn entry;
    std::memcpy(&entry, dynamic + i * sizeof(entry), sizeof(entry));
    if (entry.d_tag == DT_NULL) {
      break;
    }
    switch (entry.d_tag) {
      case DT_RELA: table_vaddr = entry.d_un.d_ptr; break;
      case DT_RELASZ: table_bytes = entry.d_un.d_val; break;
      case DT_RELAENT: entry_bytes = entry.d_un.d_val; break;
      default: break;
    }
  }
  if (!table_vaddr.has_value() || table_bytes == 0) {
    return FileRange{};
  }
  if (entry_bytes != sizeof(Elf64_Rela)) {
    return MakeStatus(StatusCode::kDataLoss, "relocation entries of {} bytes", entry_bytes);
  }
  if (table_bytes / sizeof(Elf64_Rela) > Relocations::kMaxEntries) {
    return MakeStatus(StatusCode::kResourceExhausted, "{} relocations, more than {}", table_bytes / sizeof(Elf64_Rela),
                      Relocations::kMaxEntries);
  }
  const Segment* segment = nullptr;
  const std::optional<uint64_t> file_off = FileOffsetOf(headers, *table_vaddr, segment);
  if (!file_off.has_value() || *file_off > file.size() || table_bytes > file.size() - *file_off) {
    return MakeStatus(StatusCode::kDataLoss, "the relocation table at {:#x} lies outside the file", *table_vaddr);
  }
  return FileRange{*file_off, table_bytes};
}

// Calls `visit` with file offset and addend, counted from the first segment, of each relative relocation; false when
// the table cannot be read.
bool ForEachRelative(const Headers& headers, FileBytes& file, FileRange table,
                     absl::FunctionRef<void(uint64_t slot_off, uint32_t addend_off)> visit) {
  const uint64_t relative_type = headers.machine == Machine::kX86_64 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE;
  const Segment* segment = nullptr;
  std::array<uint8_t, 2048 * sizeof(Elf64_Rela)> buffer;
  for (uint64_t done = 0; done < table.bytes;) {
    const uint64_t count = std::min<uint64_t>(buffer.size(), table.bytes - done) / sizeof(Elf64_Rela);
    if (count == 0) {
      break;  // an incomplete last entry
    }
    if (!file.Read(table.file_off + done, std::span(buffer).first(count * sizeof(Elf64_Rela)))) {
      return false;
    }
    for (uint64_t i = 0; i < count; ++i) {
      Elf64_Rela entry;
      std::memcpy(&entry, buffer.data() + i * sizeof(entry), sizeof(entry));
      if (ELF64_R_TYPE(entry.r_info) != relative_type) {
        continue;
      }
      const std::optional<uint64_t> slot_off = FileOffsetOf(headers, entry.r_offset, segment);
      const uint64_t addend_off = static_cast<uint64_t>(entry.r_addend) - headers.loads.front().vaddr;
      if (slot_off.has_value() && *slot_off % kSlotBytes == 0 && *slot_off < file.size() && addend_off <= UINT32_MAX) {
        visit(*slot_off, static_cast<uint32_t>(addend_off));
      }
    }
    done += count * sizeof(Elf64_Rela);
  }
  return true;
}

}  // namespace

absl::StatusOr<Relocations> Relocations::Read(const Headers& headers, FileBytes& file) {
  Relocations result;
  result.base_vaddr_ = headers.loads.front().vaddr;
  NODESPAN_ASSIGN_OR_RETURN(const FileRange table, FindTable(headers, file));
  if (table.bytes == 0) {
    return result;
  }
  result.table_ = table;
  const uint64_t chunk_count = (file.size() + FileBytes::kChunkBytes - 1) / FileBytes::kChunkBytes;
  // First pass: how many entries each chunk has. Then first_of_chunk_ holds where the next one of a chunk goes.
  std::vector<uint32_t> next(chunk_count + 1, 0);
  bool readable = ForEachRelative(headers, file, table,
                                  [&](uint64_t slot_off, uint32_t) { ++next[slot_off / FileBytes::kChunkBytes + 1]; });
  for (uint64_t chunk = 1; chunk <= chunk_count; ++chunk) {
    next[chunk] += next[chunk - 1];
  }
  result.first_of_chunk_ = next;
  result.slots_.resize(next[chunk_count]);
  result.addends_.resize(next[chunk_count]);
  readable = readable && ForEachRelative(headers, file, table, [&](uint64_t slot_off, uint32_t addend_off) {
               const uint64_t chunk = slot_off / FileBytes::kChunkBytes;
               if (next[chunk] < result.first_of_chunk_[chunk + 1]) {  // false if the file changed between the passes
                 result.slots_[next[chunk]] = static_cast<uint32_t>(slot_off / kSlotBytes);
                 result.addends_[next[chunk]++] = addend_off;
               }
             });
  if (!readable) {
    return file.load_status().ok() ? MakeStatus(StatusCode::kDataLoss, "relocation table cannot be read")
                                   : file.load_status();
  }
  return result;
}

void Relocations::Apply(uint64_t file_off, std::span<uint8_t> bytes) const {
  if (empty() || bytes.size() < kSlotBytes) {
    return;
  }
  const uint64_t end_off = file_off + bytes.size();
  const uint64_t last_chunk = (end_off - 1) / FileBytes::kChunkBytes;
  const uint32_t begin = first_of_chunk_[file_off / FileBytes::kChunkBytes];
  const uint32_t end = first_of_chunk_[last_chunk + 1];
  for (uint32_t i = begin; i < end; ++i) {
    const uint64_t slot_off = uint64_t{slots_[i]} * kSlotBytes;
    if (slot_off >= file_off && slot_off + kSlotBytes <= end_off) {
      const uint64_t value = base_vaddr_ + addends_[i];
      std::memcpy(bytes.data() + (slot_off - file_off), &value, kSlotBytes);
    }
  }
}

std::vector<uint64_t> Relocations::SlotsPointingTo(uint64_t vaddr) const {
  std::vector<uint64_t> result;
  for (size_t i = 0; i < addends_.size(); ++i) {
    if (base_vaddr_ + addends_[i] == vaddr) {
      result.push_back(uint64_t{slots_[i]} * kSlotBytes);
    }
  }
  return result;
}

}  // namespace nodespan::elf
