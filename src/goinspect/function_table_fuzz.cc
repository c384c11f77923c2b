// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a function table in a segment made of any bytes, with the ranges that its own header gives, for both
// widths of its entries.
#include <elf.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "elf/elf_builder.h"
#include "elf/image.h"
#include "goinspect/pclntab.h"

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
  }
  return 0;
}
