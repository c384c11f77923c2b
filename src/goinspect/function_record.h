// SPDX-License-Identifier: Apache-2.0
// The _func of a function: where its name, its source lines and its tables are.
//
// Source: Go's runtime/runtime2.go (_func) and runtime/symtab.go (pcdatastart, funcdata). What has changed since
// Go 1.17 are the widths of the entry and of the references to function data (addresses up to 1.17, offsets since), and
// startLine (since 1.20). Thread: values. Bad input: nullopt.
#pragma once

#include <cstdint>
#include <optional>

#include "elf/image.h"

namespace nodespan::goinspect {

struct FunctionRecordLayout {
  bool has_absolute_entries = false;  // see PclntabHeader
  bool has_start_line = false;
};

// Numbers of tables: internal/abi/symtab.go, PCDATA_* and FUNCDATA_*.
inline constexpr uint32_t kInlineTreeIndexTable = 2;  // of pcdata
inline constexpr uint32_t kStackObjectsData = 2;      // of funcdata
inline constexpr uint32_t kInlineTreeData = 3;

struct FunctionRecord {
  uint32_t name_off = 0;      // in the table of names
  uint32_t pc_files_off = 0;  // in the table of pc values, as the next; 0: the function has none
  uint32_t pc_lines_off = 0;
  uint32_t unit_off = 0;               // first word of its compilation unit in the table of units
  std::optional<uint32_t> start_line;  // of the word "func"
  uint32_t pcdata_count = 0;
  uint32_t funcdata_count = 0;
  uint64_t pcdata_vaddr = 0;    // words of 4 bytes: offsets in the table of pc values
  uint64_t funcdata_vaddr = 0;  // references of funcdata_bytes each
  uint32_t funcdata_bytes = 0;

  static constexpr uint32_t kMaxTables = 64;  // of each kind; the largest known number is 10
};

// `vaddr`: FunctionTable::RecordVaddr().
std::optional<FunctionRecord> ReadFunctionRecord(elf::Image& image, const FunctionRecordLayout& layout, uint64_t vaddr);

// Offset of pcdata table `which` in the table of pc values; nullopt when the function has none.
std::optional<uint32_t> PcDataOff(elf::Image& image, const FunctionRecord& record, uint32_t which);

// Address of the function's data `which`; nullopt when it has none. `base_vaddr`: FindFunctionDataBase().
std::optional<uint64_t> FunctionDataVaddr(elf::Image& image, const FunctionRecord& record, uint32_t which,
                                          uint64_t base_vaddr);

}  // namespace nodespan::goinspect
