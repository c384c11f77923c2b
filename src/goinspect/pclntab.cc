// SPDX-License-Identifier: Apache-2.0
#include "goinspect/pclntab.h"

#include <algorithm>
#include <cstring>

#include "absl/container/flat_hash_map.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "elf/little_endian.h"
#include "goinspect/function_index.h"
#include "goinspect/names.h"

namespace nodespan::goinspect {
namespace {

using absl::StatusCode;
using base::MakeStatus;
using elf::Load;

// internal/abi/symtab.go. The word after the magic is 0, 0, instruction size, pointer size.
constexpr uint32_t kMagicGo12 = 0xfffffffb;   // 1.2 to 1.15
constexpr uint32_t kMagicGo116 = 0xfffffffa;  // 1.16, 1.17
constexpr uint32_t kMagicGo118 = 0xfffffff0;  // 1.18, 1.19
constexpr uint32_t kMagicGo120 = 0xfffffff1;  // 1.20 and newer

constexpr uint64_t kMaxFunctions = 5'000'000;  // the largest known programs have a few 100'000
constexpr uint64_t kMaxTableBytes = uint64_t{2} << 30;
constexpr uint64_t kMaxHeaderBytes = 4096;  // 0x60 up to Go 1.25, 0x48 since
constexpr size_t kMaxCandidates = 16;
constexpr size_t kMaxFunctionsOfOneName = 64;  // two occur; more of one name, or of one hash, are an attack on time

// True for the first word of any pcHeader; most words of a file fail the first comparison.
bool IsFirstWord(uint64_t word, uint8_t instruction_bytes) {
  if ((word & 0xff00ffff'fffffff0) != 0x08000000'fffffff0) {
    return false;
  }
  const uint32_t magic = static_cast<uint32_t>(word);
  return (magic == kMagicGo12 || magic == kMagicGo116 || magic == kMagicGo118 || magic == kMagicGo120) &&
         static_cast<uint8_t>(word >> 48) == instruction_bytes;
}

std::optional<PclntabHeader> ParseHeader(uint64_t vaddr, const uint8_t* bytes) {
  PclntabHeader header;
  header.vaddr = vaddr;
  header.magic = Load<uint32_t>(bytes);
  const auto word = [bytes](size_t index) { return Load<uint64_t>(bytes + 8 + 8 * index); };
  header.function_count = word(0);
  if (header.function_count == 0 || header.function_count > kMaxFunctions) {
    return std::nullopt;
  }
  if (!header.is_supported()) {
    return header;
  }
  // word(1) is the number of files; word(2) textStart since Go 1.18, zero since 1.26.
  const size_t first = header.has_absolute_entries() ? 2 : 3;
  header.function_names_off = word(first);
  header.compile_units_off = word(first + 1);
  header.file_names_off = word(first + 2);
  header.pc_values_off = word(first + 3);
  header.functions_off = word(first + 4);
  const bool increasing = header.function_names_off >= 8 * (first + 6) && header.function_names_off < kMaxHeaderBytes &&
                          header.function_names_off < header.compile_units_off &&
                          header.compile_units_off <= header.file_names_off &&
                          header.file_names_off <= header.pc_values_off &&
                          header.pc_values_off <= header.functions_off && header.functions_off < kMaxTableBytes;
  return increasing ? std::optional(header) : std::nullopt;
}

}  // namespace

bool PclntabHeader::is_supported() const {
  return magic == kMagicGo116 || magic == kMagicGo118 || magic == kMagicGo120;
}

bool PclntabHeader::has_start_line() const { return magic == kMagicGo120; }

bool PclntabHeader::has_absolute_entries() const { return magic == kMagicGo116; }

absl::StatusOr<std::vector<PclntabHeader>> FindPclntabHeaders(elf::Image& image) {
  const uint8_t instruction_bytes = image.headers().machine == elf::Machine::kX86_64 ? 1 : 4;
  std::vector<PclntabHeader> found;
  // External linkers can put read-only data into the executable segment, so that one is searched as well, but only
  // when the others had nothing.
  for (const bool executable : {false, true}) {
    for (const elf::Segment& segment : image.loads()) {
      if (segment.executable != executable) {
        continue;
      }
      const bool readable = image.Scan(segment, PclntabHeader::kBytes, [&](const elf::Image::Window& window) {
        const uint8_t* bytes = window.bytes.data();
        for (uint64_t i = 0; i < window.start_bytes && i + PclntabHeader::kBytes <= window.bytes.size(); i += 8) {
          if (!IsFirstWord(Load<uint64_t>(bytes + i), instruction_bytes)) {
            continue;
          }
          if (const auto header = ParseHeader(window.vaddr + i, bytes + i); header.has_value()) {
            found.push_back(*header);
          }
        }
        return found.size() <= kMaxCandidates;
      });
      if (!readable) {
        return image.load_status();
      }
      if (found.size() > kMaxCandidates) {
        return MakeStatus(StatusCode::kResourceExhausted, "more than {} candidates for a function table",
                          kMaxCandidates);
      }
    }
    if (std::any_of(found.begin(), found.end(), [](const PclntabHeader& header) { return header.is_supported(); })) {
      break;
    }
  }
  return found;
}

std::optional<uint32_t> FunctionTable::EntryOff(uint64_t index) const {
  const uint64_t entry_bytes = ranges_.entry_bytes();
  const uint8_t* entry = image_.View(ranges_.functions_vaddr + index * 2 * entry_bytes, entry_bytes);
  if (entry == nullptr) {
    return std::nullopt;
  }
  if (!ranges_.has_absolute_entries) {
    return Load<uint32_t>(entry);
  }
  const uint64_t offset = Load<uint64_t>(entry) - ranges_.text_vaddr;
  return offset <= UINT32_MAX ? std::optional(static_cast<uint32_t>(offset)) : std::nullopt;
}

std::optional<uint64_t> FunctionTable::RecordVaddr(uint64_t index) const {
  const uint64_t entry_bytes = ranges_.entry_bytes();
  const uint64_t func_bytes = entry_bytes + sizeof(uint32_t);  // all that is read here
  const uint8_t* word = image_.View(ranges_.functions_vaddr + (2 * index + 1) * entry_bytes, entry_bytes);
  if (word == nullptr) {
    return std::nullopt;
  }
  const uint64_t func_off = ranges_.has_absolute_entries ? Load<uint64_t>(word) : Load<uint32_t>(word);
  if (ranges_.functions_bytes < func_bytes || func_off > ranges_.functions_bytes - func_bytes) {
    return std::nullopt;
  }
  return ranges_.functions_vaddr + func_off;
}

std::optional<FunctionTable::Record> FunctionTable::ReadRecord(uint64_t index) const {
  const uint64_t entry_bytes = ranges_.entry_bytes();
  const std::optional<uint32_t> entry_off = EntryOff(index);
  const std::optional<uint32_t> end_off = EntryOff(index + 1);
  if (!entry_off.has_value() || !end_off.has_value() || *entry_off >= *end_off) {
    return std::nullopt;
  }
  const std::optional<uint64_t> vaddr = RecordVaddr(index);
  const uint8_t* func = vaddr.has_value() ? image_.View(*vaddr, entry_bytes + sizeof(uint32_t)) : nullptr;
  if (func == nullptr) {
    return std::nullopt;
  }
  return Record{
      .entry_off = *entry_off, .end_off = *end_off, .name_off = Load<uint32_t>(func + entry_bytes), .vaddr = *vaddr};
}

FunctionTable::FunctionTable(elf::Image& image, const FunctionTableRanges& ranges) : image_(image), ranges_(ranges) {}
FunctionTable::~FunctionTable() = default;

std::vector<std::optional<FunctionTable::Entry>> FunctionTable::Find(std::span<const std::string_view> names) {
  std::vector<std::optional<Entry>> result(names.size());
  if (names.empty()) {
    return result;
  }
  if (!index_.has_value()) {
    absl::StatusOr<FunctionIndex> index = FunctionIndex::Build(image_, ranges_);
    if (index.ok()) {
      index_.emplace(std::make_unique<const FunctionIndex>(*std::move(index)));
    } else {
      index_.emplace(index.status());
    }
  }
  if (index_->ok()) {
    std::transform(names.begin(), names.end(), result.begin(), [this](std::string_view name) { return FindOne(name); });
  }
  return result;
}

std::optional<FunctionTable::Entry> FunctionTable::FindOne(std::string_view name) const {
  std::optional<Entry> found;
  size_t same_hash = 0;
  for (const FunctionIndex::Entry& candidate : (**index_)->Candidates(name)) {
    if (candidate.hash != FunctionIndex::HashOf(name)) {
      continue;
    }
    if (++same_hash > kMaxFunctionsOfOneName) {
      return std::nullopt;
    }
    const std::optional<Record> record = ReadRecord(candidate.function);
    if (!record.has_value() || Name(record->name_off) != name) {
      continue;
    }
    const Entry entry{name, ranges_.text_vaddr + record->entry_off, record->end_off - record->entry_off, record->vaddr};
    // A Go function called from assembly has a second, small function of the same name that adapts the calling
    // convention. The real one is the larger.
    if (!found.has_value() || found->size_bytes < entry.size_bytes) {
      found = entry;
    }
  }
  return found;
}

std::vector<FunctionTable::Matches> FunctionTable::FindMatching(std::span<const std::string_view> patterns) const {
  std::vector<Matches> result(patterns.size());
  const uint8_t* name_table = image_.View(ranges_.names_vaddr, ranges_.names_bytes);
  if (patterns.empty() || name_table == nullptr) {
    return result;
  }
  std::vector<std::string_view> tails;  // what a name has to end with, the cheap test
  for (const std::string_view pattern : patterns) {
    const size_t mark = pattern.find_last_of("}]");
    tails.push_back(mark == std::string_view::npos ? pattern : pattern.substr(mark + 1));
  }
  absl::flat_hash_map<uint32_t, std::vector<size_t>> name_offsets;
  uint64_t name_count = 0;
  for (uint64_t off = 0; off < ranges_.names_bytes && name_count < FunctionIndex::kMaxNames; ++name_count) {
    const void* end = std::memchr(name_table + off, 0, ranges_.names_bytes - off);
    if (end == nullptr) {
      break;
    }
    const std::string_view name(reinterpret_cast<const char*>(name_table) + off,
                                static_cast<const uint8_t*>(end) - (name_table + off));
    for (size_t i = 0; i < patterns.size() && name.size() <= FunctionTableRanges::kMaxNameBytes; ++i) {
      if (name.ends_with(tails[i]) && MatchName(patterns[i], name).has_value()) {
        name_offsets[static_cast<uint32_t>(off)].push_back(i);
        result[i].is_named = true;
      }
    }
    off += name.size() + 1;
  }
  if (name_offsets.empty() || image_.View(ranges_.functions_vaddr, ranges_.functions_bytes) == nullptr) {
    return result;
  }
  for (uint64_t i = 0; i < ranges_.function_count; ++i) {
    const std::optional<Record> record = ReadRecord(i);
    const auto it = record.has_value() ? name_offsets.find(record->name_off) : name_offsets.end();
    const std::optional<std::string_view> name =
        it != name_offsets.end() ? Name(record->name_off) : std::optional<std::string_view>();
    if (!name.has_value()) {
      continue;
    }
    const Entry entry{*name, ranges_.text_vaddr + record->entry_off, record->end_off - record->entry_off,
                      record->vaddr};
    for (const size_t index : it->second) {
      std::vector<Entry>& functions = result[index].functions;
      const auto same = std::find_if(functions.begin(), functions.end(), [&](const Entry& other) {
        return other.name == entry.name && name->find("[...]") == std::string_view::npos;
      });
      if (same == functions.end()) {
        functions.push_back(entry);
      } else if (same->size_bytes < entry.size_bytes) {
        *same = entry;  // as in Find
      }
    }
  }
  return result;
}

std::optional<uint64_t> FunctionTable::IndexOf(uint64_t vaddr) const {
  const uint64_t offset = vaddr - ranges_.text_vaddr;
  if (vaddr < ranges_.text_vaddr || offset > UINT32_MAX) {
    return std::nullopt;
  }
  // The last function that begins at or before the address. Viewing one entry at a time touches few pages.
  uint64_t low = 0;
  uint64_t high = ranges_.function_count;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    const std::optional<uint32_t> entry_off = EntryOff(middle);
    if (!entry_off.has_value()) {
      return std::nullopt;
    }
    if (*entry_off <= offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == 0 ? std::nullopt : std::optional(low - 1);
}

std::optional<FunctionTable::Entry> FunctionTable::At(uint64_t vaddr) const {
  const std::optional<uint64_t> index = IndexOf(vaddr);
  const std::optional<Record> record = index.has_value() ? ReadRecord(*index) : std::nullopt;
  if (!record.has_value() || vaddr - ranges_.text_vaddr >= record->end_off) {
    return std::nullopt;
  }
  const std::optional<std::string_view> name = Name(record->name_off);
  if (!name.has_value()) {
    return std::nullopt;
  }
  return Entry{*name, ranges_.text_vaddr + record->entry_off, record->end_off - record->entry_off, record->vaddr};
}

std::optional<std::string_view> FunctionTable::Name(uint32_t name_off) const {
  if (name_off >= ranges_.names_bytes) {
    return std::nullopt;
  }
  const uint64_t limit = std::min(ranges_.names_bytes - name_off, FunctionTableRanges::kMaxNameBytes);
  const uint8_t* name = image_.View(ranges_.names_vaddr + name_off, limit);
  const void* end = name == nullptr ? nullptr : std::memchr(name, 0, limit);
  if (end == nullptr) {
    return std::nullopt;
  }
  return std::string_view(reinterpret_cast<const char*>(name), static_cast<const uint8_t*>(end) - name);
}

}  // namespace nodespan::goinspect
