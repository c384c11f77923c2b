// SPDX-License-Identifier: Apache-2.0
#include "goinspect/function_index.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "absl/hash/hash.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "elf/little_endian.h"
#include "goinspect/function_names.h"

namespace nodespan::goinspect {
namespace {

using absl::StatusCode;
using base::MakeStatus;
using elf::Load;

constexpr uint64_t kFunctionsPerBucket = 4;

struct Name {
  uint32_t off;
  uint32_t hash;
};

absl::Status ReadError(const elf::Image& image) {
  return image.load_status().ok() ? MakeStatus(StatusCode::kDataLoss, "the function table cannot be read")
                                  : image.load_status();
}

// Every name of the table with its hash, in order of offset.
absl::StatusOr<std::vector<Name>> HashNames(elf::Image& image, const FunctionTableRanges& ranges) {
  std::vector<Name> names;
  NODESPAN_RETURN_IF_ERROR(ForEachFunctionName(image, ranges, [&names](uint32_t off, std::string_view name) {
    names.push_back({off, FunctionIndex::HashOf(name)});
  }));
  return names;
}

// Gives the name at an offset. Functions come nearly in the order of their names, so most lookups are the next one.
class NameCursor {
 public:
  explicit NameCursor(std::span<const Name> names) : names_(names) {}

  std::optional<uint32_t> HashAt(uint32_t off) {
    constexpr size_t kNear = 8;  // names of inlined functions that lie between
    for (size_t i = position_; i < std::min(position_ + kNear, names_.size()); ++i) {
      if (names_[i].off == off) {
        position_ = i;
        return names_[i].hash;
      }
    }
    const auto it = std::lower_bound(names_.begin(), names_.end(), off,
                                     [](const Name& name, uint32_t value) { return name.off < value; });
    if (it == names_.end() || it->off != off) {
      return std::nullopt;
    }
    position_ = static_cast<size_t>(it - names_.begin());
    return it->hash;
  }

 private:
  std::span<const Name> names_;
  size_t position_ = 0;
};

// The entries in the order of the table: functab and records are read side by side.
absl::StatusOr<std::vector<FunctionIndex::Entry>> ReadEntries(elf::Image& image, const FunctionTableRanges& ranges,
                                                              std::span<const Name> names) {
  std::vector<FunctionIndex::Entry> entries;
  const elf::Segment* segment = image.SegmentOf(ranges.functions_vaddr);
  const uint64_t entry_bytes = ranges.entry_bytes();
  const uint8_t* functab = image.View(ranges.functions_vaddr, ranges.function_count * 2 * entry_bytes);
  if (segment == nullptr || functab == nullptr) {
    return ReadError(image);
  }
  entries.reserve(ranges.function_count);
  NameCursor cursor(names);
  uint64_t function = 0;
  const auto record_vaddr = [&](uint64_t index) {
    const uint8_t* word = functab + (2 * index + 1) * entry_bytes;
    return ranges.functions_vaddr + (ranges.has_absolute_entries ? Load<uint64_t>(word) : Load<uint32_t>(word));
  };
  const uint64_t end_vaddr = ranges.functions_vaddr + ranges.functions_bytes;
  const bool readable = image.Scan(
      *segment, record_vaddr(0) & ~uint64_t{7}, end_vaddr, 2 * sizeof(uint64_t), [&](const elf::Image::Window& window) {
        for (; function < ranges.function_count; ++function) {
          // Linkers write the records in the order of the functions. One that runs backwards is left out, as one
          // outside of the table is.
          const uint64_t off = record_vaddr(function) + entry_bytes - window.vaddr;
          if (off < window.bytes.size() && window.bytes.size() - off >= sizeof(uint32_t)) {
            const std::optional<uint32_t> hash = cursor.HashAt(Load<uint32_t>(window.bytes.data() + off));
            if (hash.has_value()) {
              entries.push_back({*hash, static_cast<uint32_t>(function)});
            }
          } else if (record_vaddr(function) >= window.vaddr + window.start_bytes &&
                     record_vaddr(function) < end_vaddr) {
            return true;  // in a later window
          }
        }
        return false;
      });
  if (!readable) {
    return ReadError(image);
  }
  return entries;
}

}  // namespace

uint32_t FunctionIndex::HashOf(std::string_view name) { return static_cast<uint32_t>(absl::HashOf(name)); }

absl::StatusOr<FunctionIndex> FunctionIndex::Build(elf::Image& image, const FunctionTableRanges& ranges) {
  absl::StatusOr<std::vector<Name>> names = HashNames(image, ranges);
  if (!names.ok()) {
    return names.status();
  }
  const absl::StatusOr<std::vector<Entry>> entries = ReadEntries(image, ranges, *names);
  image.Release(ranges.functions_vaddr, ranges.functions_bytes);
  if (!entries.ok()) {
    return entries.status();
  }
  names->clear();
  names->shrink_to_fit();
  FunctionIndex index;
  const auto buckets = std::bit_ceil(entries->size() / kFunctionsPerBucket + 2);
  index.bucket_shift_ = 32 - std::countr_zero(buckets);
  // First how many each bucket has, then where its next entry goes.
  std::vector<uint32_t> next(buckets + 1, 0);
  for (const Entry& entry : *entries) {
    ++next[(entry.hash >> index.bucket_shift_) + 1];
  }
  for (size_t i = 1; i < next.size(); ++i) {
    next[i] += next[i - 1];
  }
  index.first_of_bucket_ = next;
  index.entries_.resize(entries->size());
  for (const Entry& entry : *entries) {
    index.entries_[next[entry.hash >> index.bucket_shift_]++] = entry;
  }
  return index;
}

std::span<const FunctionIndex::Entry> FunctionIndex::Candidates(std::string_view name) const {
  const uint32_t bucket = HashOf(name) >> bucket_shift_;
  const uint32_t begin = first_of_bucket_[bucket];
  return std::span(entries_).subspan(begin, first_of_bucket_[bucket + 1] - begin);
}

}  // namespace nodespan::goinspect
