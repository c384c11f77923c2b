// SPDX-License-Identifier: Apache-2.0
#include "goinspect/type_region.h"

#include <algorithm>
#include <vector>

#include "base/errors.h"

namespace nodespan::goinspect {
namespace {

using absl::StatusCode;
using base::MakeStatus;

// The words of moduledata that can be `types` (35 or 37 so far) and how far behind it `etypes` can be (1 or 2).
constexpr size_t kFirstWord = 30;
constexpr size_t kLastWord = 47;
constexpr size_t kMaxDistance = 3;

constexpr uint64_t kEnoughBackLinks = 100;
// Programs without a network have fewer types. Back-links do not happen by accident, so a small region may do with
// less.
constexpr uint64_t kEnoughInSmallRegion = 16;
constexpr uint64_t kSmallRegionBytes = uint64_t{256} << 10;

// How much of a region is looked at, at its start and once more in its middle: since Go 1.27 a region begins with
// unnamed types, which rarely have back-links.
constexpr uint64_t kSampleBytes = uint64_t{1} << 20;
constexpr uint64_t kStepBytes = uint64_t{64} << 10;
constexpr uint64_t kTrialBytes = 2 * kStepBytes;
constexpr uint64_t kFewHeaders = 8;

struct Pair {
  uint64_t begin;
  uint64_t end;
};

// In the order in which they win: of several good pairs the first one is right. (`rodata` often equals `types`.)
std::vector<Pair> CandidatePairs(const elf::Image& image, const Moduledata& module) {
  std::vector<Pair> pairs;
  for (size_t i = kFirstWord; i <= kLastWord; ++i) {
    for (size_t j = i + 1; j <= i + kMaxDistance && j < Moduledata::kWords; ++j) {
      const uint64_t begin = module.words[i];
      const uint64_t end = module.words[j];
      const elf::Segment* segment = image.SegmentOf(begin);
      if (begin % 8 == 0 && begin < end && segment != nullptr && end <= segment->file_end_vaddr()) {
        pairs.push_back({begin, end});
      }
    }
  }
  return pairs;
}

bool LinksBack(TypeReader& reader, const TypeHeader& type) {
  if (type.pointer_off == 0) {
    return false;
  }
  const std::optional<TypeHeader> pointer = reader.Header(reader.begin_vaddr() + type.pointer_off);
  return pointer.has_value() && pointer->kind == Kind::kPointer && reader.FirstTailWord(*pointer) == type.vaddr &&
         pointer->name.size() == type.name.size() + 1 && pointer->name.front() == '*' &&
         pointer->name.substr(1) == type.name;
}

// Looks at each sample only as long as it seems worth it: with `patient` to its end, else no further than kTrialBytes
// without meeting kFewHeaders descriptors, which a wrong region never has.
// `name_bytes` is how many bytes of names may still be decoded, over all regions.
uint64_t CountBackLinks(elf::Image& image, uint64_t begin, uint64_t end, bool patient, uint64_t& name_bytes) {
  TypeReader reader(image, begin, end);
  reader.StartOperation(name_bytes);
  uint64_t back_links = 0;
  for (const uint64_t sample : {begin, begin + (end - begin) / 2}) {
    uint64_t headers = 0;
    const uint64_t sample_end = std::min(sample + kSampleBytes, end);
    for (uint64_t step = sample; step < sample_end && back_links < kEnoughBackLinks; step += kStepBytes) {
      if (!patient && step - sample >= kTrialBytes && headers < kFewHeaders) {
        break;
      }
      // The last descriptor that begins in the step may end behind it.
      const uint64_t step_end = std::min(step + kStepBytes + TypeReader::kHeaderBytes - 8, sample_end);
      if (!reader.ForEach(step, step_end, [&](const TypeHeader& type) {
            ++headers;
            back_links += LinksBack(reader, type) ? 1 : 0;
          })) {
        name_bytes = reader.name_bytes_left();
        return 0;
      }
    }
  }
  name_bytes = reader.name_bytes_left();
  return back_links;
}

}  // namespace

absl::StatusOr<TypeRegion> FindTypeRegion(elf::Image& image, const Moduledata& module) {
  TypeRegion best;
  uint64_t name_bytes = TypeReader::kMaxNameBytesPerOperation;
  for (const bool patient : {false, true}) {
    for (const Pair& pair : CandidatePairs(image, module)) {
      const uint64_t count = CountBackLinks(image, pair.begin, pair.end, patient, name_bytes);
      if (count >= kEnoughBackLinks) {
        return TypeRegion{pair.begin, pair.end, count};
      }
      if (count > best.back_links) {
        best = {pair.begin, pair.end, count};
      }
    }
  }
  if (!image.load_status().ok()) {
    return image.load_status();
  }
  if (name_bytes == 0) {
    return MakeStatus(StatusCode::kResourceExhausted, "type names take too much space");
  }
  if (best.back_links >= kEnoughInSmallRegion && best.end_vaddr - best.begin_vaddr <= kSmallRegionBytes) {
    return best;
  }
  return MakeStatus(StatusCode::kUnimplemented,
                    "type descriptors not found: the best candidate region has {} back-links of at least {}",
                    best.back_links, kEnoughBackLinks);
}

}  // namespace nodespan::goinspect
