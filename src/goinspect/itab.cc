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
constexpr uint64_t kHashOff = 16;
constexpr uint64_t kFunOff = 24;
constexpr uint64_t kMinimumBytes = 32;
constexpr uint64_t kDescriptorHashOff = 16;
constexpr uint64_t kDescriptorKindOff = 23;

class Recognizer {
 public:
  Recognizer(elf::Image& image, const TypeReader& reader)
      : image_(image),
        begin_(reader.begin_vaddr()),
        bytes_(reader.end_vaddr() - begin_),
        region_(image.View(begin_, bytes_)) {}

  bool readable() const { return region_ != nullptr; }

  bool IsItab(const uint8_t* itab) const {
    const uint64_t interface_off = Load<uint64_t>(itab) - begin_;
    const uint64_t type_off = Load<uint64_t>(itab + kTypeOff) - begin_;
    if (!IsDescriptor(interface_off) || !IsDescriptor(type_off)) {
      return false;
    }
    const uint64_t hash_and_padding = Load<uint64_t>(itab + kHashOff);
    if (hash_and_padding != Load<uint32_t>(region_ + type_off + kDescriptorHashOff) ||
        (region_[interface_off + kDescriptorKindOff] & 0x1f) != static_cast<uint8_t>(Kind::kInterface)) {
      return false;
    }
    const elf::Segment* segment = image_.SegmentOf(Load<uint64_t>(itab + kFunOff));
    return segment != nullptr && segment->executable;
  }

 private:
  bool IsDescriptor(uint64_t offset) const {
    return offset % 8 == 0 && offset < bytes_ && bytes_ - offset >= TypeReader::kHeaderBytes;
  }

  elf::Image& image_;
  uint64_t begin_;
  uint64_t bytes_;
  const uint8_t* region_;
};

}  // namespace

absl::StatusOr<ItabIndex> ItabIndex::Build(elf::Image& image, TypeReader& reader, uint64_t skip_begin_vaddr,
                                           uint64_t skip_end_vaddr) {
  ItabIndex index;
  const Recognizer recognizer(image, reader);
  const auto collect = [&](const elf::Image::Window& window) {
    for (uint64_t i = 0; i < window.start_bytes && i + kMinimumBytes <= window.bytes.size(); i += 8) {
      const uint8_t* bytes = window.bytes.data() + i;
      if (recognizer.IsItab(bytes)) {
        index.itabs_.push_back({Load<uint64_t>(bytes), Load<uint64_t>(bytes + kTypeOff), window.vaddr + i});
      }
    }
    return index.itabs_.size() <= kMaxItabs;
  };
  bool readable = recognizer.readable();
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

std::optional<uint64_t> ItabIndex::Find(uint64_t interface_vaddr, uint64_t type_vaddr) const {
  const auto it = std::find_if(itabs_.begin(), itabs_.end(), [&](const Itab& itab) {
    return itab.interface_vaddr == interface_vaddr && itab.type_vaddr == type_vaddr;
  });
  return it == itabs_.end() ? std::nullopt : std::optional(it->vaddr);
}

std::vector<ItabIndex::Itab> ItabIndex::OfInterface(uint64_t interface_vaddr) const {
  std::vector<Itab> result;
  std::copy_if(itabs_.begin(), itabs_.end(), std::back_inserter(result),
               [interface_vaddr](const Itab& itab) { return itab.interface_vaddr == interface_vaddr; });
  return result;
}

}  // namespace nodespan::goinspect
