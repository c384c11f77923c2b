// SPDX-License-Identifier: Apache-2.0
#include "goinspect/itab.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/errors.h"
#include "elf/little_endian.h"

namespace nodespan::goinspect {
namespace {

using absl::StatusCode;
using base::MakeStatus;
using elf::Load;

// abi.ITab: Inter, Type, Hash u32, padding, Fun[].
constexpr uint64_t kTypeOff = 8;
constexpr uint64_t kItabHashOff = 16;
constexpr uint64_t kFunOff = 24;

// Everything about an itab that can be told from itself.
class Recognizer {
 public:
  Recognizer(elf::Image& image, const TypeReader& reader)
      : image_(image),
        begin_(reader.begin_vaddr()),
        last_off_(reader.end_vaddr() - begin_ - std::min(reader.end_vaddr() - begin_, TypeReader::kHeaderBytes)) {}

  bool CanBeItab(const uint8_t* itab) const {
    if (!IsDescriptor(Load<uint64_t>(itab)) || !IsDescriptor(Load<uint64_t>(itab + kTypeOff))) {
      return false;
    }
    const bool has_padding = Load<uint64_t>(itab + kItabHashOff) <= UINT32_MAX;
    const elf::Segment* segment = has_padding ? image_.SegmentOf(Load<uint64_t>(itab + kFunOff)) : nullptr;
    return segment != nullptr && segment->executable;
  }

 private:
  bool IsDescriptor(uint64_t vaddr) const { return vaddr % 8 == 0 && vaddr - begin_ <= last_off_; }

  elf::Image& image_;
  uint64_t begin_;
  uint64_t last_off_;
};

}  // namespace

absl::StatusOr<ItabIndex> ItabIndex::Build(elf::Image& image, TypeReader& reader, uint64_t skip_begin_vaddr,
                                           uint64_t skip_end_vaddr) {
  ItabIndex index;
  index.region_vaddr_ = reader.begin_vaddr();
  const Recognizer recognizer(image, reader);
  const auto collect = [&](const elf::Image::Window& window) {
    for (uint64_t i = 0; i < window.start_bytes && i + kMinimumBytes <= window.bytes.size(); i += 8) {
      const uint8_t* bytes = window.bytes.data() + i;
      if (recognizer.CanBeItab(bytes)) {
        index.itabs_.push_back({static_cast<uint32_t>(Load<uint64_t>(bytes) - reader.begin_vaddr()),
                                static_cast<uint32_t>(Load<uint64_t>(bytes + kTypeOff) - reader.begin_vaddr()),
                                window.vaddr + i});
      }
    }
    return index.itabs_.size() <= kMaxItabs;
  };
  bool readable = true;
  for (const elf::Segment& segment : image.loads()) {
    if (segment.executable) {
      continue;
    }
    readable = readable && image.Scan(segment, segment.vaddr, skip_begin_vaddr, kMinimumBytes, collect) &&
               image.Scan(segment, skip_end_vaddr, segment.file_end_vaddr(), kMinimumBytes, collect);
  }
  if (!readable) {
    return image.load_status().ok() ? MakeStatus(StatusCode::kDataLoss, "data cannot be read") : image.load_status();
  }
  if (index.itabs_.size() > kMaxItabs) {
    return MakeStatus(StatusCode::kResourceExhausted, "more than {} itabs", kMaxItabs);
  }
  index.itabs_.shrink_to_fit();
  return index;
}

bool ItabIndex::IsOf(elf::Image& image, uint64_t itab_vaddr, const TypeHeader& type) {
  return image.ReadWord(itab_vaddr + kItabHashOff) == type.hash;
}

std::optional<uint64_t> ItabIndex::Find(elf::Image& image, const TypeHeader& interface, const TypeHeader& type) const {
  const auto it = std::find_if(itabs_.begin(), itabs_.end(), [&](const Itab& itab) {
    return region_vaddr_ + itab.interface_off == interface.vaddr && region_vaddr_ + itab.type_off == type.vaddr &&
           IsOf(image, itab.vaddr, type);
  });
  return it == itabs_.end() || interface.kind != Kind::kInterface ? std::nullopt : std::optional(it->vaddr);
}

std::vector<ItabIndex::Candidate> ItabIndex::OfInterface(const TypeHeader& interface) const {
  std::vector<Candidate> result;
  for (const Itab& itab : itabs_) {
    if (interface.kind == Kind::kInterface && region_vaddr_ + itab.interface_off == interface.vaddr) {
      result.push_back({itab.vaddr, region_vaddr_ + itab.type_off});
    }
  }
  return result;
}

}  // namespace nodespan::goinspect
