// SPDX-License-Identifier: Apache-2.0
#include "goinspect/function_record.h"

#include "elf/little_endian.h"

namespace nodespan::goinspect {
namespace {

using elf::Load;

// Behind the entry: name, args, deferreturn, pcsp, pcfile, pcln, npcdata, cu; then startLine; then funcID, flag,
// padding and nfuncdata, one byte each.
enum FuncWord : uint64_t { kName = 0, kPcFiles = 4, kPcLines = 5, kPcDataCount = 6, kUnit = 7, kStartLine = 8 };
constexpr uint64_t kWordBytes = 4;
constexpr uint64_t kFixedWords = 8;
constexpr uint64_t kTailBytes = 4;

}  // namespace

std::optional<FunctionRecord> ReadFunctionRecord(elf::Image& image, const FunctionRecordLayout& layout,
                                                 uint64_t vaddr) {
  const uint64_t entry_bytes = layout.has_absolute_entries ? 8 : 4;
  const uint64_t words = kFixedWords + (layout.has_start_line ? 1 : 0);
  const uint64_t bytes = entry_bytes + words * kWordBytes + kTailBytes;
  const uint8_t* view = image.View(vaddr, bytes);
  if (view == nullptr) {
    return std::nullopt;
  }
  const auto word = [&](FuncWord index) { return Load<uint32_t>(view + entry_bytes + index * kWordBytes); };
  FunctionRecord record{.name_off = word(kName),
                        .pc_files_off = word(kPcFiles),
                        .pc_lines_off = word(kPcLines),
                        .unit_off = word(kUnit),
                        .start_line = std::nullopt,
                        .pcdata_count = word(kPcDataCount),
                        .funcdata_count = view[bytes - 1],
                        .pcdata_vaddr = vaddr + bytes,
                        .funcdata_vaddr = 0,
                        .funcdata_bytes = layout.has_absolute_entries ? 8U : 4U};
  if (record.pcdata_count > FunctionRecord::kMaxTables || record.funcdata_count > FunctionRecord::kMaxTables) {
    return std::nullopt;
  }
  if (layout.has_start_line) {
    record.start_line = word(kStartLine);
  }
  const uint64_t alignment = record.funcdata_bytes;
  record.funcdata_vaddr =
      (record.pcdata_vaddr + kWordBytes * record.pcdata_count + alignment - 1) / alignment * alignment;
  return record;
}

std::optional<uint32_t> PcDataOff(elf::Image& image, const FunctionRecord& record, uint32_t which) {
  const uint8_t* word =
      which < record.pcdata_count ? image.View(record.pcdata_vaddr + which * kWordBytes, kWordBytes) : nullptr;
  const uint32_t off = word == nullptr ? 0 : Load<uint32_t>(word);
  return off == 0 ? std::nullopt : std::optional(off);
}

std::optional<uint64_t> FunctionDataVaddr(elf::Image& image, const FunctionRecord& record, uint32_t which,
                                          uint64_t base_vaddr) {
  const uint64_t reference_vaddr = record.funcdata_vaddr + uint64_t{which} * record.funcdata_bytes;
  const uint8_t* reference =
      which < record.funcdata_count ? image.View(reference_vaddr, record.funcdata_bytes) : nullptr;
  if (reference == nullptr) {
    return std::nullopt;
  }
  if (record.funcdata_bytes == sizeof(uint64_t)) {
    const uint64_t vaddr = Load<uint64_t>(reference);
    return vaddr == 0 ? std::nullopt : std::optional(vaddr);
  }
  const uint32_t off = Load<uint32_t>(reference);
  return off == UINT32_MAX ? std::nullopt : std::optional(base_vaddr + off);
}

}  // namespace nodespan::goinspect
