// SPDX-License-Identifier: Apache-2.0
#include "goinspect/stack_objects.h"

#include <algorithm>
#include <optional>

#include "base/errors.h"
#include "elf/little_endian.h"

namespace nodespan::goinspect {
namespace {

using absl::StatusCode;
using base::MakeStatus;
using elf::Load;

constexpr uint8_t kStackObjectsIndex = 2;  // FUNCDATA_StackObjects
constexpr uint32_t kMaxFunctionDataArrays = 64;
constexpr uint64_t kMaxObjects = 4096;
constexpr int32_t kMaxFrameBytes = 1 << 30;

// Words of moduledata behind etypes in any known layout; gofunc has been word 38 to 43.
constexpr size_t kFirstCandidateWord = 36;
constexpr size_t kLastCandidateWord = 48;
constexpr size_t kSamples = 48;
constexpr size_t kMinSamples = 8;

// A _func behind its entry: name, args, deferreturn, pcsp, pcfile, pcln, npcdata, cu: 8 words of four bytes, then
// startLine since Go 1.20, then funcID, flag, padding, nfuncdata: one byte each; then npcdata and nfuncdata words.
//
// Where function `func_vaddr` keeps the reference to its stack objects; absent when it has none.
absl::StatusOr<std::optional<uint64_t>> ReferenceVaddr(elf::Image& image, const Moduledata& module,
                                                       uint64_t func_vaddr) {
  const bool is_absolute = module.functions.has_absolute_entries;
  const uint64_t entry_bytes = is_absolute ? 8 : 4;
  const uint64_t fixed_bytes = entry_bytes + uint64_t{8} * 4 + (module.pclntab.has_start_line() ? 4 : 0) + 4;
  const uint8_t* func = image.View(func_vaddr, fixed_bytes);
  if (func == nullptr) {
    return MakeStatus(StatusCode::kDataLoss, "a function record outside the file");
  }
  const uint32_t pcdata_count = Load<uint32_t>(func + entry_bytes + uint64_t{6} * 4);
  const uint8_t funcdata_count = func[fixed_bytes - 1];
  if (pcdata_count > kMaxFunctionDataArrays || funcdata_count > kMaxFunctionDataArrays) {
    return MakeStatus(StatusCode::kDataLoss, "a function record with {} and {} tables", pcdata_count, funcdata_count);
  }
  if (funcdata_count <= kStackObjectsIndex) {
    return std::nullopt;
  }
  uint64_t arrays_vaddr = func_vaddr + fixed_bytes + uint64_t{4} * pcdata_count;
  if (is_absolute) {
    arrays_vaddr = (arrays_vaddr + 7) / 8 * 8;
  }
  return arrays_vaddr + kStackObjectsIndex * uint64_t{is_absolute ? 8U : 4U};
}

// The list at `vaddr`: a word with the number of objects, then {offset, size, bytes with pointers, pointer map}, where
// the map is an address up to Go 1.17. Absent when it does not look like one.
std::optional<std::vector<StackObject>> ReadList(elf::Image& image, uint64_t vaddr, bool is_absolute) {
  const uint8_t* head = image.View(vaddr, 8);
  const uint64_t count = head == nullptr ? 0 : Load<uint64_t>(head);
  if (count == 0 || count > kMaxObjects) {
    return std::nullopt;
  }
  const uint64_t record_bytes = is_absolute ? 24 : 16;
  const uint8_t* records = image.View(vaddr + 8, count * record_bytes);
  if (records == nullptr) {
    return std::nullopt;
  }
  std::vector<StackObject> objects;
  for (uint64_t i = 0; i < count; ++i) {
    const int32_t off = Load<int32_t>(records + i * record_bytes);
    const int32_t bytes = Load<int32_t>(records + i * record_bytes + 4);
    if (bytes <= 0 || off < -kMaxFrameBytes || off > kMaxFrameBytes || bytes > kMaxFrameBytes ||
        (off < 0 && off + bytes > 0)) {
      return std::nullopt;
    }
    // Negative offsets count from below the saved frame pointer, which lies below the return address; the others from
    // above the return address. At the function's first instruction the stack pointer is at the return address.
    objects.push_back({.entry_sp_off = off < 0 ? off - 8 : off + 8, .size_bytes = bytes});
  }
  return objects;
}

std::optional<uint32_t> ReadOffset(elf::Image& image, uint64_t vaddr) {
  const uint8_t* word = image.View(vaddr, 4);
  if (word == nullptr || Load<uint32_t>(word) == UINT32_MAX) {
    return std::nullopt;
  }
  return Load<uint32_t>(word);
}

}  // namespace

absl::StatusOr<uint64_t> FindFunctionDataBase(elf::Image& image, const FunctionTable& functions,
                                              const Moduledata& module) {
  if (module.functions.has_absolute_entries) {
    return 0;
  }
  std::vector<uint32_t> samples;
  for (uint64_t i = 0; i < functions.ranges().function_count && samples.size() < kSamples; ++i) {
    const std::optional<uint64_t> func_vaddr = functions.RecordVaddr(i);
    if (!func_vaddr.has_value()) {
      continue;
    }
    const auto reference = ReferenceVaddr(image, module, *func_vaddr);
    if (!reference.ok() || !reference->has_value()) {
      continue;
    }
    if (const std::optional<uint32_t> off = ReadOffset(image, **reference)) {
      samples.push_back(*off);
    }
  }
  if (samples.size() < kMinSamples) {
    return MakeStatus(StatusCode::kUnimplemented, "only {} functions have stack objects", samples.size());
  }
  std::vector<uint64_t> bases;
  for (size_t word = kFirstCandidateWord; word <= kLastCandidateWord; ++word) {
    const uint64_t base = module.words[word];
    const bool fits = base != 0 && std::all_of(samples.begin(), samples.end(), [&](uint32_t off) {
                        return ReadList(image, base + off, /*is_absolute=*/false).has_value();
                      });
    if (fits && std::find(bases.begin(), bases.end(), base) == bases.end()) {
      bases.push_back(base);
    }
  }
  if (bases.size() != 1) {
    return MakeStatus(StatusCode::kUnimplemented, "{} words of moduledata can be the base of function data",
                      bases.size());
  }
  return bases.front();
}

absl::StatusOr<std::vector<StackObject>> ReadStackObjects(elf::Image& image, const FunctionTable& functions,
                                                          const Moduledata& module, uint64_t function_data_base,
                                                          uint64_t function_vaddr) {
  const std::optional<uint64_t> index = functions.IndexOf(function_vaddr);
  const std::optional<uint64_t> func_vaddr = index.has_value() ? functions.RecordVaddr(*index) : std::nullopt;
  if (!func_vaddr.has_value()) {
    return MakeStatus(StatusCode::kNotFound, "no function at {:#x}", function_vaddr);
  }
  const auto reference = ReferenceVaddr(image, module, *func_vaddr);
  if (!reference.ok()) {
    return reference.status();
  }
  if (!reference->has_value()) {
    return std::vector<StackObject>{};
  }
  const bool is_absolute = module.functions.has_absolute_entries;
  uint64_t list_vaddr = 0;
  if (is_absolute) {
    const uint8_t* word = image.View(**reference, 8);
    if (word == nullptr) {
      return MakeStatus(StatusCode::kDataLoss, "function data outside the file");
    }
    list_vaddr = Load<uint64_t>(word);
    if (list_vaddr == 0) {
      return std::vector<StackObject>{};
    }
  } else {
    const uint8_t* word = image.View(**reference, 4);
    if (word == nullptr) {
      return MakeStatus(StatusCode::kDataLoss, "function data outside the file");
    }
    if (Load<uint32_t>(word) == UINT32_MAX) {
      return std::vector<StackObject>{};
    }
    list_vaddr = function_data_base + Load<uint32_t>(word);
  }
  std::optional<std::vector<StackObject>> objects = ReadList(image, list_vaddr, is_absolute);
  if (!objects.has_value()) {
    return MakeStatus(StatusCode::kDataLoss, "malformed list of stack objects at {:#x}", list_vaddr);
  }
  return *std::move(objects);
}

}  // namespace nodespan::goinspect
