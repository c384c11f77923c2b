// SPDX-License-Identifier: Apache-2.0
#include "goinspect/stack_objects.h"

#include <algorithm>
#include <optional>

#include "base/errors.h"
#include "elf/little_endian.h"
#include "goinspect/function_record.h"

namespace nodespan::goinspect {
namespace {

using absl::StatusCode;
using base::MakeStatus;
using elf::Load;

constexpr uint64_t kMaxObjects = 4096;
constexpr int32_t kMaxFrameBytes = 1 << 30;

// Words of moduledata behind etypes in any known layout; gofunc has been word 38 to 43.
constexpr size_t kFirstCandidateWord = 36;
constexpr size_t kLastCandidateWord = 48;
constexpr size_t kSamples = 48;
constexpr size_t kMinSamples = 8;

// Where the list of stack objects of the function whose _func is at `record_vaddr` is; absent when it has none.
absl::StatusOr<std::optional<uint64_t>> ListVaddr(elf::Image& image, const Moduledata& module, uint64_t record_vaddr,
                                                  uint64_t function_data_base) {
  const auto record = ReadFunctionRecord(image,
                                         {.has_absolute_entries = module.functions.has_absolute_entries,
                                          .has_start_line = module.pclntab.has_start_line()},
                                         record_vaddr);
  if (!record.has_value() ||
      image.View(record->funcdata_vaddr, uint64_t{record->funcdata_count} * record->funcdata_bytes) == nullptr) {
    return MakeStatus(StatusCode::kDataLoss, "malformed function record at {:#x}", record_vaddr);
  }
  return FunctionDataVaddr(image, *record, kStackObjectsData, function_data_base);
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
    const auto list_off = ListVaddr(image, module, *func_vaddr, /*function_data_base=*/0);
    if (list_off.ok() && list_off->has_value()) {
      samples.push_back(static_cast<uint32_t>(**list_off));
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
  const auto list_vaddr = ListVaddr(image, module, *func_vaddr, function_data_base);
  if (!list_vaddr.ok()) {
    return list_vaddr.status();
  }
  if (!list_vaddr->has_value()) {
    return std::vector<StackObject>{};
  }
  std::optional<std::vector<StackObject>> objects =
      ReadList(image, **list_vaddr, module.functions.has_absolute_entries);
  if (!objects.has_value()) {
    return MakeStatus(StatusCode::kDataLoss, "malformed list of stack objects at {:#x}", **list_vaddr);
  }
  return *std::move(objects);
}

}  // namespace nodespan::goinspect
