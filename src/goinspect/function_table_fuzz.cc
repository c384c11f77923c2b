// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a function table in a segment made of any bytes, with the ranges that its own header gives, for all
// layouts: its functions by name, and files, lines and inlined calls by address.
#include <elf.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "elf/elf_builder.h"
#include "elf/image.h"
#include "goinspect/pclntab.h"
#include "goinspect/source_lines.h"

namespace {

using nodespan::goinspect::FunctionTable;
using nodespan::goinspect::FunctionTableRanges;

constexpr uint64_t kVaddr = 0x500000;
constexpr std::array<std::string_view, 3> kNames = {"main.main", "net/http.serverHandler.ServeHTTP", ""};

void Ask(nodespan::elf::Image& image, const FunctionTableRanges& ranges) {
  FunctionTable table(image, ranges);
  for (int round = 0; round < 2; ++round) {  // building the index, and using it
    const auto found = table.Find(kNames);
    for (size_t i = 0; i < kNames.size(); ++i) {
      if (found[i].has_value() && (found[i]->name != kNames[i] || found[i]->size_bytes == 0)) {
        std::abort();
      }
    }
  }
  (void)table.At(ranges.text_vaddr + 40);
}

void AskLines(nodespan::elf::Image& image, const nodespan::goinspect::SourceTables& tables) {
  using nodespan::goinspect::SourceLines;
  const FunctionTable functions(image, tables.functions);
  const SourceLines lines(image, functions, tables);
  for (const uint64_t off : {0, 32, 40, 100}) {
    const uint64_t vaddr = tables.functions.text_vaddr + off;
    if (lines.At(vaddr).size() > SourceLines::kMaxInlineDepth ||
        lines.InlinedInto(vaddr).size() > SourceLines::kMaxInlineDepth) {
      std::abort();
    }
    (void)lines.Declaration(vaddr);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using nodespan::elf::testing::ElfBuilder;
  if (size == 0) {
    return 0;
  }
  const auto file = ElfBuilder().Add(PT_LOAD, PF_R, kVaddr, {data, data + size}).Build();
  const auto image = nodespan::elf::Image::OpenBytes(file);
  if (!image.ok()) {
    std::abort();
  }
  const auto headers = nodespan::goinspect::FindPclntabHeaders(**image);
  if (!headers.ok()) {
    return 0;
  }
  for (const auto& header : *headers) {
    const uint64_t end_vaddr = kVaddr + size;
    if (!header.is_supported() || header.vaddr + header.functions_off >= end_vaddr) {
      continue;
    }
    FunctionTableRanges ranges;
    ranges.text_vaddr = 0x401000;
    ranges.function_count = header.function_count;
    ranges.names_vaddr = header.vaddr + header.function_names_off;
    ranges.names_bytes = end_vaddr - ranges.names_vaddr;
    ranges.functions_vaddr = header.vaddr + header.functions_off;
    ranges.functions_bytes = end_vaddr - ranges.functions_vaddr;
    ranges.has_absolute_entries = header.has_absolute_entries();
    Ask(**image, ranges);
    AskLines(**image, {.functions = ranges,
                       .has_start_line = header.has_start_line(),
                       .instruction_bytes = 1,
                       .units_vaddr = header.vaddr + header.compile_units_off,
                       .units_count = (header.file_names_off - header.compile_units_off) / 4,
                       .files_vaddr = header.vaddr + header.file_names_off,
                       .files_bytes = header.pc_values_off - header.file_names_off,
                       .pc_values_vaddr = header.vaddr + header.pc_values_off,
                       .pc_values_bytes = header.functions_off - header.pc_values_off,
                       .function_data_base = kVaddr});
  }
  return 0;
}
