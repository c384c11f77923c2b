// SPDX-License-Identifier: Apache-2.0
#include "goinspect/source_lines.h"

#include <algorithm>
#include <cstring>

#include "elf/little_endian.h"
#include "goinspect/names.h"

namespace nodespan::goinspect {
namespace {

using elf::Load;

// An inlinedCall: its second word is the name since Go 1.20; up to 1.19 two words, file and line, stand before it.
constexpr uint64_t kInlinedCallBytes = 16;
constexpr uint64_t kOldInlinedCallBytes = 20;
constexpr uint64_t kNameOff = 4;
constexpr uint64_t kOldNameOff = 12;

constexpr int32_t kNotInlined = -1;
constexpr uint64_t kFirstViewBytes = 1024;

}  // namespace

std::optional<SourceLines::Position> SourceLines::Locate(uint64_t vaddr) const {
  const std::optional<FunctionTable::Entry> entry = functions_.At(vaddr);
  const auto record = entry.has_value()
                          ? ReadFunctionRecord(image_,
                                               {.has_absolute_entries = tables_.functions.has_absolute_entries,
                                                .has_start_line = tables_.has_start_line},
                                               entry->record_vaddr)
                          : std::nullopt;
  if (!record.has_value()) {
    return std::nullopt;
  }
  return Position{entry->vaddr, entry->size_bytes, entry->name, *record};
}

// Looks at more of the file only when the table is longer. False: it cannot be read to the end.
bool SourceLines::ForEach(uint32_t table_off, absl::FunctionRef<bool(const PcValueRange&)> visit) const {
  if (table_off == 0 || table_off >= tables_.pc_values_bytes) {
    return false;
  }
  const uint64_t available = std::min(tables_.pc_values_bytes - table_off, kMaxTableBytes);
  uint64_t seen_off = 0;  // ranges before it were visited
  for (uint64_t bytes = std::min(available, kFirstViewBytes);; bytes = std::min(available, 8 * bytes)) {
    const uint8_t* table = image_.View(tables_.pc_values_vaddr + table_off, bytes);
    if (table == nullptr) {
      return false;
    }
    const PcValueEnd end = ForEachPcValue({table, bytes}, tables_.instruction_bytes, [&](const PcValueRange& range) {
      if (range.begin_off < seen_off) {
        return true;
      }
      seen_off = range.end_off;
      return visit(range);
    });
    if (end != PcValueEnd::kTruncated || bytes == available) {
      return end != PcValueEnd::kTruncated;
    }
  }
}

std::optional<int32_t> SourceLines::ValueAt(uint32_t table_off, uint64_t function_off) const {
  std::optional<int32_t> value;
  (void)ForEach(table_off, [&](const PcValueRange& range) {
    if (function_off < range.end_off) {
      value = range.value;
    }
    return !value.has_value();
  });
  return value;
}

int32_t SourceLines::InlineIndexAt(const FunctionRecord& record, uint64_t function_off) const {
  const std::optional<uint32_t> table_off = PcDataOff(image_, record, kInlineTreeIndexTable);
  return table_off.has_value() ? ValueAt(*table_off, function_off).value_or(kNotInlined) : kNotInlined;
}

std::optional<SourceLines::InlinedCall> SourceLines::Inlined(const FunctionRecord& record, int32_t index) const {
  if (index < 0 || !tables_.function_data_base.has_value()) {
    return std::nullopt;
  }
  const uint64_t call_bytes = tables_.has_start_line ? kInlinedCallBytes : kOldInlinedCallBytes;
  const uint64_t name_off = tables_.has_start_line ? kNameOff : kOldNameOff;
  const std::optional<uint64_t> tree = FunctionDataVaddr(image_, record, kInlineTreeData, *tables_.function_data_base);
  const uint8_t* call =
      tree.has_value() ? image_.View(*tree + static_cast<uint64_t>(index) * call_bytes, call_bytes) : nullptr;
  const std::optional<std::string_view> name =
      call == nullptr ? std::nullopt : functions_.Name(Load<uint32_t>(call + name_off));
  if (!name.has_value()) {
    return std::nullopt;
  }
  InlinedCall result{*name, Load<uint32_t>(call + name_off + 4), std::nullopt};
  if (tables_.has_start_line) {
    result.start_line = Load<uint32_t>(call + name_off + 8);
  }
  return result;
}

std::string SourceLines::FileName(const FunctionRecord& record, int32_t number) const {
  const uint64_t index = uint64_t{record.unit_off} + static_cast<uint32_t>(number);
  const uint8_t* word =
      number >= 0 && index < tables_.units_count ? image_.View(tables_.units_vaddr + 4 * index, 4) : nullptr;
  const uint32_t off = word == nullptr ? UINT32_MAX : Load<uint32_t>(word);
  if (off >= tables_.files_bytes) {
    return {};  // also of files that no instruction comes from, which have no name here
  }
  const uint64_t limit = std::min(tables_.files_bytes - off, kMaxFileNameBytes);
  const uint8_t* name = image_.View(tables_.files_vaddr + off, limit);
  const void* end = name == nullptr ? nullptr : std::memchr(name, 0, limit);
  return end == nullptr ? std::string()
                        : std::string(reinterpret_cast<const char*>(name), static_cast<const uint8_t*>(end) - name);
}

SourceLocation SourceLines::LocationAt(const FunctionRecord& record, std::string_view name,
                                       uint64_t function_off) const {
  SourceLocation location{PrintedName(name), {}, 0};
  if (const auto file = ValueAt(record.pc_files_off, function_off)) {
    location.file = FileName(record, *file);
  }
  if (const auto line = ValueAt(record.pc_lines_off, function_off); line.has_value() && *line > 0) {
    location.line = static_cast<uint32_t>(*line);
  }
  return location;
}

std::vector<SourceLocation> SourceLines::At(uint64_t vaddr) const {
  std::vector<SourceLocation> locations;
  const std::optional<Position> position = Locate(vaddr);
  if (!position.has_value()) {
    return locations;
  }
  uint64_t function_off = vaddr - position->entry_vaddr;
  while (locations.size() < kMaxInlineDepth) {
    const auto call = Inlined(position->record, InlineIndexAt(position->record, function_off));
    locations.push_back(LocationAt(position->record, call.has_value() ? call->name : position->name, function_off));
    if (!call.has_value() || call->parent_off >= position->bytes) {
      break;
    }
    function_off = call->parent_off;
  }
  return locations;
}

std::optional<SourceLocation> SourceLines::Declaration(uint64_t entry_vaddr) const {
  const std::optional<Position> position = Locate(entry_vaddr);
  if (!position.has_value() || position->entry_vaddr != entry_vaddr) {
    return std::nullopt;
  }
  uint64_t own_off = 0;
  if (const auto table_off = PcDataOff(image_, position->record, kInlineTreeIndexTable)) {
    (void)ForEach(*table_off, [&](const PcValueRange& range) {
      own_off = range.begin_off;
      return range.value != kNotInlined;
    });
  }
  SourceLocation location = LocationAt(position->record, position->name, own_off);
  if (position->record.start_line.value_or(0) > 0) {
    location.line = *position->record.start_line;
  }
  return location;
}

std::vector<SourceLocation> SourceLines::InlinedInto(uint64_t entry_vaddr) const {
  std::vector<SourceLocation> found;
  const std::optional<Position> position = Locate(entry_vaddr);
  const std::optional<uint32_t> table_off =
      position.has_value() ? PcDataOff(image_, position->record, kInlineTreeIndexTable) : std::nullopt;
  if (!table_off.has_value() || position->entry_vaddr != entry_vaddr) {
    return found;
  }
  (void)ForEach(*table_off, [&](const PcValueRange& range) {
    const auto call = Inlined(position->record, range.value);
    if (!call.has_value() || InlineIndexAt(position->record, call->parent_off) != kNotInlined) {
      return true;
    }
    SourceLocation location = LocationAt(position->record, call->name, range.begin_off);
    const bool is_known = std::any_of(found.begin(), found.end(),
                                      [&](const SourceLocation& other) { return other.function == location.function; });
    if (!is_known) {
      location.line = call->start_line.value_or(0);
      found.push_back(std::move(location));
    }
    return found.size() < kMaxInlineDepth;
  });
  return found;
}

}  // namespace nodespan::goinspect
