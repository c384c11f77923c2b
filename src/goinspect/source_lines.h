// SPDX-License-Identifier: Apache-2.0
// SourceLines tells which function, file and line an instruction comes from, inlined calls included.
//
// From pclntab alone, which every executable has. Source: Go's runtime/symtab.go (funcline, funcfile) and
// runtime/symtabinl.go (inlinedCall), checked on Go 1.17 to 1.27. Names are as runtime.Func.Name gives them, files as
// the compiler was told them (-trimpath cuts them).
// Thread: one at a time. Lifetime: must not outlive the image and the function table. Bad input: parts that cannot be
// read are left out, in bounded time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "elf/image.h"
#include "goinspect/function_record.h"
#include "goinspect/pc_values.h"
#include "goinspect/pclntab.h"

namespace nodespan::goinspect {

// Where the tables lie, as linked; a plain value, so that an executable can be asked again without being inspected.
struct SourceTables {
  FunctionTableRanges functions;
  bool has_start_line = false;     // see PclntabHeader
  uint32_t instruction_bytes = 1;  // the unit of pc values
  uint64_t units_vaddr = 0;        // words of 4 bytes: offsets in the table of file names, grouped by unit
  uint64_t units_count = 0;
  uint64_t files_vaddr = 0;
  uint64_t files_bytes = 0;
  uint64_t pc_values_vaddr = 0;
  uint64_t pc_values_bytes = 0;
  std::optional<uint64_t> function_data_base;  // absent: inlined calls are not known
};

struct SourceLocation {
  std::string function;
  std::string file;   // empty: not known
  uint32_t line = 0;  // 0: not known
};

class SourceLines {
 public:
  static constexpr uint64_t kMaxTableBytes = uint64_t{1} << 20;  // of one pc value table
  static constexpr uint64_t kMaxFileNameBytes = 4096;
  static constexpr size_t kMaxInlineDepth = 64;

  SourceLines(elf::Image& image, const FunctionTable& functions, const SourceTables& tables)
      : image_(image), functions_(functions), tables_(tables) {}

  // The instruction at the address: the function it was written in first, then the callers that it was inlined into.
  // Empty: the address is in no function.
  std::vector<SourceLocation> At(uint64_t vaddr) const;

  // The function that begins at the address, as it is declared: with the line of its "func" since Go 1.20, before that
  // the line of its first instruction that is its own. Nullopt: no function begins there.
  std::optional<SourceLocation> Declaration(uint64_t entry_vaddr) const;

  // The functions inlined into that function that are not inlined into another one in there, each once.
  std::vector<SourceLocation> InlinedInto(uint64_t entry_vaddr) const;

 private:
  struct Position {
    uint64_t entry_vaddr;
    uint64_t bytes;
    std::string_view name;
    FunctionRecord record;
  };
  struct InlinedCall {
    std::string_view name;
    uint32_t parent_off;                 // of the instruction that stands for the call, in the function
    std::optional<uint32_t> start_line;  // since Go 1.20
  };
  std::optional<Position> Locate(uint64_t vaddr) const;
  std::optional<InlinedCall> Inlined(const FunctionRecord& record, int32_t index) const;
  std::optional<int32_t> ValueAt(uint32_t table_off, uint64_t function_off) const;
  bool ForEach(uint32_t table_off, absl::FunctionRef<bool(const PcValueRange&)> visit) const;
  int32_t InlineIndexAt(const FunctionRecord& record, uint64_t function_off) const;
  SourceLocation LocationAt(const FunctionRecord& record, std::string_view name, uint64_t function_off) const;
  std::string FileName(const FunctionRecord& record, int32_t number) const;

  elf::Image& image_;
  const FunctionTable& functions_;
  const SourceTables tables_;
};

}  // namespace nodespan::goinspect
