// SPDX-License-Identifier: Apache-2.0
#include "goinspect/type_index.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/errors.h"

namespace nodespan::goinspect {
namespace {

using absl::StatusCode;
using base::MakeStatus;

// Sizes of map descriptors that are tried: 88, 112 and 136 have been seen.
constexpr uint64_t kFirstMapBytes = 72;
constexpr uint64_t kLastMapBytes = 192;
constexpr size_t kMaxVoters = 1000;

// FNV-1a, which can be fed in pieces.
class NameHash {
 public:
  NameHash& Add(std::string_view text) {
    for (const char c : text) {
      hash_ = (hash_ ^ static_cast<uint8_t>(c)) * 16777619U;
    }
    return *this;
  }
  uint32_t value() const { return hash_; }

 private:
  uint32_t hash_ = 2166136261U;
};

}  // namespace

absl::StatusOr<TypeIndex> TypeIndex::Build(elf::Image& image, const TypeRegion& region) {
  TypeIndex index(TypeReader(image, region.begin_vaddr, region.end_vaddr));
  std::vector<TypeHeader> maps;     // named once the size of their descriptors is known
  std::vector<TypeHeader> structs;  // those that vote on the form of field offsets
  const bool readable = index.reader_.ForEach(region.begin_vaddr, region.end_vaddr, [&](const TypeHeader& type) {
    if (type.kind == Kind::kStruct && structs.size() < kMaxVoters) {
      structs.push_back(type);
    }
    if (!type.is_named() || index.entries_.size() + maps.size() > kMaxTypes) {
      return;
    }
    if (type.kind == Kind::kMap) {
      maps.push_back(type);
    } else {
      index.Add(type);
    }
  });
  index.LearnFieldOffsetShift(structs);
  index.LearnMapDescriptorSize(maps);
  for (const TypeHeader& type : maps) {
    index.Add(type);
  }
  if (index.entries_.size() > kMaxTypes) {
    return MakeStatus(StatusCode::kResourceExhausted, "more than {} named types", kMaxTypes);
  }
  if (!readable || index.reader_.exhausted()) {
    return image.load_status().ok() ? MakeStatus(StatusCode::kResourceExhausted, "type names take too much space")
                                    : image.load_status();
  }
  std::sort(index.entries_.begin(), index.entries_.end(),
            [](const Entry& a, const Entry& b) { return a.hash != b.hash ? a.hash < b.hash : a.offset < b.offset; });
  index.entries_.shrink_to_fit();
  return index;
}

void TypeIndex::LearnMapDescriptorSize(const std::vector<TypeHeader>& maps) {
  size_t best_votes = 0;
  for (uint64_t bytes = kFirstMapBytes; bytes <= kLastMapBytes; bytes += 8) {
    size_t votes = 0;
    for (size_t i = 0; i < std::min(maps.size(), kMaxVoters); ++i) {
      votes += maps[i].has_uncommon() && reader_.MapDescriptorCanHave(maps[i], bytes) ? 1 : 0;
    }
    if (votes > best_votes) {
      best_votes = votes;
      reader_.set_map_descriptor_bytes(bytes);
    } else if (votes == best_votes) {
      reader_.set_map_descriptor_bytes(0);  // no answer is better than a wrong one
    }
  }
}

// Read the wrong way, the fields of most structs overlap or leave the struct.
void TypeIndex::LearnFieldOffsetShift(const std::vector<TypeHeader>& structs) {
  const auto count_consistent = [&](int bits) {
    reader_.set_field_offset_shift(bits);
    return std::count_if(structs.begin(), structs.end(),
                         [&](const TypeHeader& type) { return reader_.Fields(type).has_value(); });
  };
  const auto shifted = count_consistent(1);
  const auto plain = count_consistent(0);
  reader_.set_field_offset_shift(shifted > plain ? 1 : 0);
}

void TypeIndex::Add(const TypeHeader& type) {
  const std::optional<TypeReader::NameParts> parts = reader_.SplitName(type);
  if (!parts.has_value()) {
    return;
  }
  NameHash hash;
  if (!parts->package_path.empty()) {
    hash.Add(parts->package_path).Add(".");
  }
  entries_.push_back({hash.Add(parts->name).value(), static_cast<uint32_t>((type.vaddr - reader_.begin_vaddr()) / 8)});
}

std::vector<TypeHeader> TypeIndex::Find(std::string_view qualified_name) {
  if (qualified_name.starts_with('*')) {
    return FindPointersTo(qualified_name.substr(1));
  }
  std::vector<TypeHeader> result;
  const uint32_t hash = NameHash().Add(qualified_name).value();
  auto it = std::lower_bound(entries_.begin(), entries_.end(), hash,
                             [](const Entry& entry, uint32_t value) { return entry.hash < value; });
  for (; it != entries_.end() && it->hash == hash && !reader_.exhausted(); ++it) {
    const std::optional<TypeHeader> type = reader_.Header(reader_.begin_vaddr() + uint64_t{it->offset} * 8);
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
    (void)reader_.ForEach(reader_.begin_vaddr(), reader_.end_vaddr(), [&](const TypeHeader& type) {
      const std::optional<uint64_t> target = type.kind == Kind::kPointer ? reader_.FirstTailWord(type) : std::nullopt;
      if (target.has_value() && std::find(unlinked.begin(), unlinked.end(), *target) != unlinked.end()) {
        result.push_back(type);
      }
    });
  }
  return result;
}

}  // namespace nodespan::goinspect
