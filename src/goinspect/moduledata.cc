// SPDX-License-Identifier: Apache-2.0
#include "goinspect/moduledata.h"

#include <algorithm>
#include <optional>

#include "base/errors.h"
#include "elf/little_endian.h"

namespace nodespan::goinspect {
namespace {

using absl::StatusCode;
using base::MakeStatus;
using elf::Load;

// Indices of words of moduledata; slices take three (address, length, capacity).
enum ModuledataWord : size_t {
  kPcHeader = 0,
  kFunctionNames = 1,
  kCompileUnits = Moduledata::kCompileUnits,
  kFileNames = Moduledata::kFileNames,
  kPcValues = Moduledata::kPcValues,
  kFunctions = 13,  // pclntable
  kFunctab = 16,
  kMinPc = 20,
  kText = 22,
  kTextEnd = 23,
};
constexpr size_t kMinimumWords = 48;  // the shortest known layout has more

std::optional<Moduledata> Check(elf::Image& image, const PclntabHeader& header, uint64_t vaddr) {
  const elf::Segment* segment = image.SegmentOf(vaddr);
  if (segment == nullptr || !segment->writable || vaddr >= segment->file_end_vaddr()) {
    return std::nullopt;
  }
  const uint64_t word_count = std::min<uint64_t>(Moduledata::kWords, (segment->file_end_vaddr() - vaddr) / 8);
  const uint8_t* bytes = word_count < kMinimumWords ? nullptr : image.View(vaddr, word_count * 8);
  if (bytes == nullptr) {
    return std::nullopt;
  }
  Moduledata module;
  module.vaddr = vaddr;
  module.pclntab = header;
  for (size_t i = 0; i < word_count; ++i) {
    module.words[i] = Load<uint64_t>(bytes + 8 * i);
  }
  const auto& words = module.words;
  const bool points_back =
      words[kPcHeader] == header.vaddr && words[kFunctionNames] == header.vaddr + header.function_names_off &&
      words[kCompileUnits] == header.vaddr + header.compile_units_off &&
      words[kFileNames] == header.vaddr + header.file_names_off &&
      words[kPcValues] == header.vaddr + header.pc_values_off &&
      words[kFunctions] == header.vaddr + header.functions_off && words[kFunctab] == words[kFunctions];
  const uint64_t functab_length = words[kFunctab + 1];
  if (!points_back || (functab_length != header.function_count && functab_length != header.function_count + 1)) {
    return std::nullopt;
  }
  module.functions = {.text_vaddr = words[kText],
                      .function_count = header.function_count,
                      .names_vaddr = words[kFunctionNames],
                      .names_bytes = words[kFunctionNames + 1],
                      .functions_vaddr = words[kFunctions],
                      .functions_bytes = words[kFunctions + 1],
                      .has_absolute_entries = header.has_absolute_entries()};
  // functab has one more entry than functions, the end of the last one; without it there are that many less.
  module.functions.function_count =
      functab_length == header.function_count ? functab_length - 1 : header.function_count;
  const elf::Segment* table_segment = image.SegmentOf(header.vaddr);
  const auto inside = [&](uint64_t begin, uint64_t count) {
    return begin - table_segment->vaddr <= table_segment->file_bytes &&
           count <= table_segment->file_end_vaddr() - begin;
  };
  const uint64_t functab_entry_bytes = header.has_absolute_entries() ? 16 : 8;
  if (table_segment == nullptr || !inside(module.functions.names_vaddr, module.functions.names_bytes) ||
      !inside(module.functions.functions_vaddr, module.functions.functions_bytes) ||
      (module.functions.function_count + 1) * functab_entry_bytes > module.functions.functions_bytes) {
    return std::nullopt;
  }
  const uint8_t* first_entry = image.View(module.functions.functions_vaddr, 8);
  if (words[kTextEnd] <= words[kText] || first_entry == nullptr) {
    return std::nullopt;
  }
  const uint64_t first_vaddr =
      header.has_absolute_entries() ? Load<uint64_t>(first_entry) : words[kText] + Load<uint32_t>(first_entry);
  return words[kMinPc] == first_vaddr ? std::optional(module) : std::nullopt;
}

}  // namespace

absl::StatusOr<Moduledata> FindModuledata(elf::Image& image, std::span<const PclntabHeader> headers) {
  // In a position-independent file the pointer is usually a relocation: no need to look at any data.
  for (const PclntabHeader& header : headers) {
    for (const uint64_t slot_off : image.relocations().SlotsPointingTo(header.vaddr)) {
      const std::optional<uint64_t> vaddr = image.VaddrOfFileOffset(slot_off);
      if (auto module = vaddr.has_value() ? Check(image, header, *vaddr) : std::nullopt; module.has_value()) {
        return *module;
      }
    }
  }
  std::optional<Moduledata> found;
  for (const elf::Segment& segment : image.loads()) {
    if (!segment.writable || found.has_value()) {
      continue;
    }
    const bool readable = image.Scan(segment, 0, [&](const elf::Image::Window& window) {
      for (uint64_t i = 0; i + 8 <= window.bytes.size(); i += 8) {
        const uint64_t word = Load<uint64_t>(window.bytes.data() + i);
        for (const PclntabHeader& header : headers) {
          if (word == header.vaddr && !found.has_value()) {
            found = Check(image, header, window.vaddr + i);
          }
        }
      }
      return !found.has_value();
    });
    if (!readable) {
      return image.load_status();
    }
  }
  if (!found.has_value()) {
    return MakeStatus(StatusCode::kNotFound, "nothing points back to the function table");
  }
  return *found;
}

}  // namespace nodespan::goinspect
