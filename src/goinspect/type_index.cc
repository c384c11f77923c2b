// SPDX-License-Identifier: Apache-2.0
#include "goinspect/type_index.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/hash/hash.h"
#include "base/errors.h"
#include "elf/little_endian.h"

namespace nodespan::goinspect {
namespace {

using absl::StatusCode;
using base::MakeStatus;

// Sizes of map descriptors that are tried: 88, 112 and 136 have been seen.
constexpr uint64_t kFirstMapBytes = 72;
constexpr uint64_t kLastMapBytes = 192;
constexpr size_t kMaxVoters = 100;

// Structs of a field or two look right either way, and they come first.
bool CanVote(std::span<const uint8_t> struct_descriptor) {
  constexpr uint64_t kFieldCountOff = 64;  // abi.StructType.Fields.len
  return struct_descriptor.size() >= kFieldCountOff + 8 &&
         elf::Load<uint64_t>(struct_descriptor.data() + kFieldCountOff) >= 3;
}

uint32_t HashOf(std::string_view text) { return static_cast<uint32_t>(absl::HashOf(text)); }
uint32_t Combine(uint32_t path_hash, uint32_t name_hash) {
  return static_cast<uint32_t>(absl::HashOf(path_hash, name_hash));
}

}  // namespace

absl::StatusOr<TypeIndex> TypeIndex::Build(elf::Image& image, const TypeRegion& region) {
  TypeIndex index(TypeReader(image, region.begin_vaddr, region.end_vaddr));
  std::vector<Candidate> candidates;
  const bool readable = index.FindCandidates(candidates) && index.HashNames(candidates);
  if (candidates.size() > kMaxTypes) {
    return MakeStatus(StatusCode::kResourceExhausted, "more than {} named types", kMaxTypes);
  }
  if (!readable || index.reader_.exhausted()) {
    return image.load_status().ok() ? MakeStatus(StatusCode::kResourceExhausted, "type names take too much space")
                                    : image.load_status();
  }
  std::sort(index.entries_.begin(), index.entries_.end(),
            [](const Entry& a, const Entry& b) { return a.hash != b.hash ? a.hash < b.hash : a.offset < b.offset; });
  return index;
}

// Learns on the way what of the layout has changed between releases.
bool TypeIndex::FindCandidates(std::vector<Candidate>& candidates) {
  std::vector<uint32_t> maps;     // their package paths can be found once the size of their descriptors is known
  std::vector<uint32_t> structs;  // those that vote on the form of field offsets
  const bool readable = reader_.Scan([&](const TypeHeader& type, std::span<const uint8_t> descriptor) {
    const auto offset = static_cast<uint32_t>((type.vaddr - reader_.begin_vaddr()) / 8);
    if (type.kind == Kind::kStruct && structs.size() < kMaxVoters && CanVote(descriptor)) {
      structs.push_back(offset);
    }
    if (!type.is_named() || candidates.size() + maps.size() > kMaxTypes) {
      return;
    }
    if (type.kind == Kind::kMap) {
      maps.push_back(offset);
    } else if (const std::optional<uint32_t> path_off = reader_.PackagePathOff(type, descriptor)) {
      candidates.push_back({offset, type.name_off, *path_off});
    }
  });
  LearnFieldOffsetShift(structs);
  LearnMapDescriptorSize(maps);
  for (const uint32_t offset : maps) {
    reader_.Trim();
    const std::optional<TypeHeader> type = HeaderAt(offset);
    const std::optional<uint32_t> path_off = type.has_value() ? reader_.PackagePathOff(*type) : std::nullopt;
    if (path_off.has_value()) {
      candidates.push_back({offset, type->name_off, *path_off});
    }
  }
  return readable;
}

std::optional<TypeHeader> TypeIndex::HeaderAt(uint32_t offset) {
  return reader_.Header(reader_.begin_vaddr() + uint64_t{offset} * 8);
}

// Makes an entry of each candidate whose name and package path can be read.
bool TypeIndex::HashNames(std::vector<Candidate>& candidates) {
  // Types share package paths, and now and then a name: each is read once.
  const auto distinct = [&](uint32_t Candidate::*member) {
    std::vector<uint32_t> offs;
    offs.reserve(candidates.size());
    for (const Candidate& candidate : candidates) {
      offs.push_back(candidate.*member);
    }
    std::sort(offs.begin(), offs.end());
    offs.erase(std::unique(offs.begin(), offs.end()), offs.end());
    return offs;
  };
  // By index into the offsets; no hash: not readable.
  using Hashes = std::vector<std::optional<uint32_t>>;
  const auto hash_at = [](const std::vector<uint32_t>& offs, const Hashes& hashes, uint32_t off) {
    return hashes[static_cast<size_t>(std::lower_bound(offs.begin(), offs.end(), off) - offs.begin())];
  };

  std::vector<uint32_t> path_offs = distinct(&Candidate::path_off);
  Hashes path_hashes(path_offs.size());
  if (!reader_.ForEachName(path_offs, [&](size_t i, std::string_view path) { path_hashes[i] = HashOf(path); })) {
    return false;
  }
  if (!path_offs.empty() && path_offs.front() == 0) {
    path_hashes.front() = HashOf("");
  }
  std::vector<uint32_t> name_offs = distinct(&Candidate::name_off);
  Hashes name_hashes(name_offs.size());
  if (!reader_.ForEachName(name_offs, [&](size_t i, std::string_view name) {
        name = TypeReader::WithoutPackage(name);
        name.remove_prefix(name.starts_with('*') ? 1 : 0);  // the extra star of a predeclared type
        name_hashes[i] = HashOf(name);
      })) {
    return false;
  }
  entries_.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    const std::optional<uint32_t> path_hash = hash_at(path_offs, path_hashes, candidate.path_off);
    const std::optional<uint32_t> name_hash = hash_at(name_offs, name_hashes, candidate.name_off);
    if (path_hash.has_value() && name_hash.has_value()) {
      entries_.push_back({Combine(*path_hash, *name_hash), candidate.offset});
    }
  }
  return true;
}

void TypeIndex::LearnMapDescriptorSize(std::span<const uint32_t> maps) {
  constexpr uint64_t kStepBytes = 8;
  std::array<size_t, (kLastMapBytes - kFirstMapBytes) / kStepBytes + 1> votes{};
  for (const uint32_t offset : maps.first(std::min(maps.size(), kMaxVoters))) {
    reader_.Trim();
    const std::optional<TypeHeader> map = HeaderAt(offset);
    for (size_t i = 0; i < votes.size(); ++i) {
      votes[i] +=
          map.has_value() && map->has_uncommon() && reader_.MapDescriptorCanHave(*map, kFirstMapBytes + i * kStepBytes)
              ? 1
              : 0;
    }
  }
  const auto best = std::max_element(votes.begin(), votes.end());
  // No answer is better than a wrong one.
  const bool is_clear = *best > 0 && std::count(votes.begin(), votes.end(), *best) == 1;
  reader_.set_map_descriptor_bytes(is_clear ? kFirstMapBytes + static_cast<uint64_t>(best - votes.begin()) * kStepBytes
                                            : 0);
}

// Read the wrong way, the fields of most structs overlap or leave the struct.
void TypeIndex::LearnFieldOffsetShift(std::span<const uint32_t> structs) {
  std::array<size_t, 2> consistent{};
  for (const uint32_t offset : structs) {
    reader_.Trim();
    const std::optional<TypeHeader> type = HeaderAt(offset);
    for (const int bits : {0, 1}) {
      reader_.set_field_offset_shift(bits);
      consistent[static_cast<size_t>(bits)] += type.has_value() && reader_.Fields(*type).has_value() ? 1 : 0;
    }
  }
  reader_.set_field_offset_shift(consistent[1] > consistent[0] ? 1 : 0);
}

std::vector<TypeHeader> TypeIndex::Find(std::string_view qualified_name) {
  if (qualified_name.starts_with('*')) {
    return FindPointersTo(qualified_name.substr(1));
  }
  std::vector<TypeHeader> result;
  const std::string_view name = TypeReader::WithoutPackage(qualified_name);
  std::string_view path = qualified_name.substr(0, qualified_name.size() - name.size());
  path.remove_suffix(path.empty() ? 0 : 1);  // the dot
  const uint32_t hash = Combine(HashOf(path), HashOf(name));
  auto it = std::lower_bound(entries_.begin(), entries_.end(), hash,
                             [](const Entry& entry, uint32_t value) { return entry.hash < value; });
  for (; it != entries_.end() && it->hash == hash && !reader_.exhausted(); ++it) {
    const std::optional<TypeHeader> type = HeaderAt(it->offset);
    if (type.has_value() && reader_.QualifiedName(*type) == qualified_name) {
      result.push_back(*type);
    }
  }
  return result;
}

std::vector<TypeHeader> TypeIndex::FindPointersTo(std::string_view qualified_name) {
  std::vector<TypeHeader> result;
  std::vector<uint64_t> unlinked;  // targets whose descriptor does not know its pointer
  for (const TypeHeader& target : Find(qualified_name)) {
    const std::optional<TypeHeader> pointer =
        target.pointer_off == 0 ? std::nullopt : reader_.Header(reader_.begin_vaddr() + target.pointer_off);
    if (pointer.has_value() && pointer->kind == Kind::kPointer && reader_.FirstTailWord(*pointer) == target.vaddr) {
      result.push_back(*pointer);
    } else {
      unlinked.push_back(target.vaddr);
    }
  }
  if (!unlinked.empty()) {
    (void)reader_.Scan([&](const TypeHeader& type, std::span<const uint8_t> descriptor) {
      if (type.kind != Kind::kPointer || descriptor.size() < TypeReader::kHeaderBytes + sizeof(uint64_t)) {
        return;
      }
      const auto target = elf::Load<uint64_t>(descriptor.data() + TypeReader::kHeaderBytes);
      if (std::find(unlinked.begin(), unlinked.end(), target) == unlinked.end()) {
        return;
      }
      if (const std::optional<TypeHeader> pointer = reader_.Header(type.vaddr); pointer.has_value()) {
        result.push_back(*pointer);
      }
    });
  }
  return result;
}

}  // namespace nodespan::goinspect
