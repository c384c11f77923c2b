// SPDX-License-Identifier: Apache-2.0
#include "goinspect/pclntab.h"

#include <algorithm>
#include <bitset>
#include <cstring>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"
#include "elf/little_endian.h"
#include "goinspect/function_index.h"
#include "goinspect/function_names.h"
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

// What names have to end with for patterns to match: the test that nearly all of them fail.
class PatternEndings {
 public:
  explicit PatternEndings(std::span<const std::string_view> patterns) {
    for (const std::string_view pattern : patterns) {
      const size_t mark = pattern.find_last_of("}]");
      endings_.push_back(mark == std::string_view::npos ? pattern
                                                        : pattern.substr(mark + (pattern[mark] == '}' ? 1 : 0)));
      if (endings_.back().size() < kBytes) {
        allows_all_ = true;
      } else {
        last_bytes_.set(LastBytes(endings_.back()));
      }
    }
  }

  bool Allow(std::string_view name) const {
    return allows_all_ || (name.size() >= kBytes && last_bytes_.test(LastBytes(name)));
  }
  bool Allow(size_t pattern, std::string_view name) const { return name.ends_with(endings_[pattern]); }

 private:
  static constexpr size_t kBytes = 2;
  static uint16_t LastBytes(std::string_view text) {
    return Load<uint16_t>(reinterpret_cast<const uint8_t*>(text.data() + text.size() - kBytes));
  }

  std::vector<std::string_view> endings_;
  std::bitset<size_t{1} << 16> last_bytes_;
  bool allows_all_ = false;
};

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

const FunctionIndex* FunctionTable::Index() {
  if (!index_.has_value()) {
    absl::StatusOr<FunctionIndex> index = FunctionIndex::Build(image_, ranges_);
    if (index.ok()) {
      index_.emplace(std::make_unique<const FunctionIndex>(*std::move(index)));
    } else {
      index_.emplace(index.status());
    }
  }
  return index_->ok() ? (*index_)->get() : nullptr;
}

std::optional<FunctionTable::Entry> FunctionTable::ReadEntry(uint64_t index) const {
  const std::optional<Record> record = ReadRecord(index);
  const std::optional<std::string_view> name =
      record.has_value() ? Name(record->name_off) : std::optional<std::string_view>();
  if (!name.has_value()) {
    return std::nullopt;
  }
  return Entry{*name, ranges_.text_vaddr + record->entry_off, record->end_off - record->entry_off, record->vaddr};
}

std::vector<std::optional<FunctionTable::Entry>> FunctionTable::Find(std::span<const std::string_view> names) {
  std::vector<std::optional<Entry>> result(names.size());
  if (const FunctionIndex* index = names.empty() ? nullptr : Index(); index != nullptr) {
    std::transform(names.begin(), names.end(), result.begin(),
                   [this, index](std::string_view name) { return FindOne(*index, name); });
  }
  return result;
}

std::optional<FunctionTable::Entry> FunctionTable::FindOne(const FunctionIndex& index, std::string_view name) const {
  std::optional<Entry> found;
  size_t same_hash = 0;
  for (const FunctionIndex::Entry& candidate : index.Candidates(name)) {
    if (candidate.hash != FunctionIndex::HashOf(name)) {
      continue;
    }
    if (++same_hash > kMaxFunctionsOfOneName) {
      return std::nullopt;
    }
    std::optional<Entry> entry = ReadEntry(candidate.function);
    if (!entry.has_value() || entry->name != name) {
      continue;
    }
    // A Go function called from assembly has a second, small function of the same name that adapts the calling
    // convention. The real one is the larger.
    if (!found.has_value() || found->size_bytes < entry->size_bytes) {
      entry->name = name;
      found = entry;
    }
  }
  return found;
}

void FunctionTable::AddAll(const FunctionIndex& index, std::string_view name, std::vector<Entry>& functions) const {
  if (name.find("[...]") == std::string_view::npos) {
    if (const std::optional<Entry> entry = FindOne(index, name); entry.has_value()) {
      functions.push_back(*entry);
    }
    return;
  }
  for (const FunctionIndex::Entry& candidate : index.Candidates(name)) {
    const std::optional<Entry> entry = candidate.hash == FunctionIndex::HashOf(name) && functions.size() < kMaxMatches
                                           ? ReadEntry(candidate.function)
                                           : std::nullopt;
    if (entry.has_value() && entry->name == name) {
      functions.push_back(*entry);
    }
  }
}

std::vector<FunctionTable::Matches> FunctionTable::FindMatching(std::span<const std::string_view> patterns) {
  std::vector<Matches> result(patterns.size());
  const FunctionIndex* index = patterns.empty() ? nullptr : Index();
  if (index == nullptr) {
    return result;
  }
  const PatternEndings endings(patterns);
  std::vector<std::pair<uint32_t, size_t>> matches;  // offset of the name, index of the pattern
  const absl::Status status = ForEachFunctionName(image_, ranges_, [&](uint32_t off, std::string_view name) {
    if (!endings.Allow(name)) {
      return;
    }
    for (size_t i = 0; i < patterns.size(); ++i) {
      if (endings.Allow(i, name) && matches.size() < patterns.size() * kMaxMatches &&
          MatchName(patterns[i], name).has_value()) {
        matches.emplace_back(off, i);
      }
    }
  });
  if (!status.ok()) {
    return result;
  }
  for (const auto& [off, i] : matches) {
    std::vector<Entry>& functions = result[i].functions;
    result[i].is_named = true;
    const std::optional<std::string_view> name = Name(off);
    // A name that is in the table twice has all its functions already.
    if (name.has_value() && functions.size() < kMaxMatches &&
        std::none_of(functions.begin(), functions.end(), [&](const Entry& entry) { return entry.name == *name; })) {
      AddAll(*index, *name, functions);
    }
  }
  for (Matches& found : result) {
    std::sort(found.functions.begin(), found.functions.end(),
              [](const Entry& one, const Entry& other) { return one.vaddr < other.vaddr; });
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
  const std::optional<Entry> entry = index.has_value() ? ReadEntry(*index) : std::nullopt;
  return entry.has_value() && vaddr - entry->vaddr < entry->size_bytes ? entry : std::nullopt;
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
