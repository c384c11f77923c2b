// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the search for moduledata and, from there, for the region of the types, in two segments made of any
// bytes: one of tables and types, one that is writable. The first eight bytes say how long the first is; their upper
// half, whether the pointers of the second are relocations, as in a position-independent file.
#include <elf.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "elf/elf_builder.h"
#include "elf/image.h"
#include "elf/little_endian.h"
#include "goinspect/moduledata.h"
#include "goinspect/pclntab.h"
#include "goinspect/type_region.h"

namespace {

using nodespan::elf::Load;
using nodespan::elf::testing::Append;
using nodespan::elf::testing::ElfBuilder;
using nodespan::goinspect::Moduledata;

// Where the seeds have their pointers to.
constexpr uint64_t kTablesVaddr = 0x500000;
constexpr uint64_t kDataVaddr = 0x9000000;
constexpr uint64_t kRelocationsVaddr = 0xa000000;

void Require(bool promise) {
  if (!promise) {
    std::abort();
  }
}

std::vector<uint8_t> MakeFile(std::vector<uint8_t> tables, std::vector<uint8_t> data, bool is_pie) {
  std::vector<uint8_t> relocations;
  for (size_t off = 0; is_pie && off + 8 <= data.size(); off += 8) {
    const auto word = Load<uint64_t>(data.data() + off);
    if (word - kTablesVaddr < tables.size()) {
      Append(relocations, kDataVaddr + off);
      Append<uint64_t>(relocations, R_X86_64_RELATIVE);
      Append(relocations, word);
      std::fill_n(data.begin() + static_cast<std::ptrdiff_t>(off), 8, uint8_t{0});
    }
  }
  ElfBuilder builder(EM_X86_64, is_pie ? ET_DYN : ET_EXEC);
  builder.Add(PT_LOAD, PF_R, kTablesVaddr, std::move(tables)).Add(PT_LOAD, PF_R | PF_W, kDataVaddr, std::move(data));
  if (!relocations.empty()) {
    std::vector<uint8_t> dynamic;
    for (const uint64_t value :
         {uint64_t{DT_RELA}, kRelocationsVaddr, uint64_t{DT_RELASZ}, uint64_t{relocations.size()}, uint64_t{DT_RELAENT},
          uint64_t{24}, uint64_t{DT_NULL}, uint64_t{0}}) {
      Append(dynamic, value);
    }
    builder.Add(PT_LOAD, PF_R, kRelocationsVaddr, std::move(relocations)).Add(PT_DYNAMIC, PF_R, 0, std::move(dynamic));
  }
  return builder.Build();
}

// All of the range is in the file, in one segment.
bool IsInside(nodespan::elf::Image& image, uint64_t vaddr, uint64_t bytes) {
  const nodespan::elf::Segment* segment = image.SegmentOf(vaddr);
  return segment != nullptr && vaddr <= segment->file_end_vaddr() && bytes <= segment->file_end_vaddr() - vaddr;
}

void CheckPromises(nodespan::elf::Image& image, const Moduledata& module) {
  const auto& functions = module.functions;
  Require(image.SegmentOf(module.vaddr)->writable && module.words[0] == module.pclntab.vaddr);
  Require(module.pclntab.is_supported() && functions.function_count <= module.pclntab.function_count);
  Require(IsInside(image, functions.names_vaddr, functions.names_bytes));
  Require(IsInside(image, functions.functions_vaddr, functions.functions_bytes));
  Require((functions.function_count + 1) * 2 * functions.entry_bytes() <= functions.functions_bytes);
  if (const auto region = nodespan::goinspect::FindTypeRegion(image, module); region.ok()) {
    Require(region->begin_vaddr < region->end_vaddr && region->begin_vaddr % 8 == 0 && region->back_links != 0);
    Require(IsInside(image, region->begin_vaddr, region->end_vaddr - region->begin_vaddr));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kPrefixBytes = 8;
  if (size < kPrefixBytes + 16) {
    return 0;
  }
  const uint8_t* begin = data + kPrefixBytes;
  const size_t rest = size - kPrefixBytes;
  const size_t tables_bytes = 8 + Load<uint32_t>(data) % (rest - 15);  // neither segment is empty
  const bool is_pie = Load<uint32_t>(data + 4) != 0;
  const auto file = MakeFile({begin, begin + tables_bytes}, {begin + tables_bytes, data + size}, is_pie);
  const auto image = nodespan::elf::Image::OpenBytes(file);
  Require(image.ok());  // only the content of the segments is anything
  const auto headers = nodespan::goinspect::FindPclntabHeaders(**image);
  if (!headers.ok()) {
    return 0;
  }
  std::vector<nodespan::goinspect::PclntabHeader> supported;
  std::copy_if(headers->begin(), headers->end(), std::back_inserter(supported),
               [](const auto& header) { return header.is_supported(); });
  if (const auto module = nodespan::goinspect::FindModuledata(**image, supported); module.ok()) {
    CheckPromises(**image, *module);
  }
  return 0;
}
