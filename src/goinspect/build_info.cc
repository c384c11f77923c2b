// SPDX-License-Identifier: Apache-2.0
#include "goinspect/build_info.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "elf/little_endian.h"
#include "goinspect/printable.h"

namespace nodespan::goinspect {
namespace {

using elf::Load;

constexpr std::array<uint8_t, 14> kMagic = {0xff, ' ', 'G', 'o', ' ', 'b', 'u', 'i', 'l', 'd', 'i', 'n', 'f', ':'};
constexpr uint64_t kAlignment = 16;
constexpr uint64_t kHeaderBytes = 32;
constexpr uint64_t kHeaderFlagsOff = 15;
constexpr uint64_t kVersionPointerOff = 16;  // only without kFlagInline
constexpr uint8_t kFlagInline = 2;           // strings follow the header; all since Go 1.18
constexpr uint64_t kMaxVersionBytes = 256;
constexpr uint64_t kMaxModuleBytes = uint64_t{1} << 20;  // a line per dependency; hundreds of KiB do not occur
constexpr uint64_t kSentinelBytes = 16;                  // on both ends of the module text

// A string with its length as a varint before it, at `vaddr`, which moves behind it.
std::optional<std::string_view> InlineString(elf::Image& image, uint64_t& vaddr, uint64_t max_bytes) {
  uint64_t length = 0;
  for (int shift = 0;; shift += 7) {
    const uint8_t* byte = shift > 28 ? nullptr : image.View(vaddr++, 1);
    if (byte == nullptr) {
      return std::nullopt;
    }
    length |= uint64_t{*byte & 0x7fU} << shift;
    if (*byte < 0x80) {
      break;
    }
  }
  const uint8_t* text = length > max_bytes ? nullptr : image.View(vaddr, length);
  if (text == nullptr) {
    return std::nullopt;
  }
  vaddr += length;
  return std::string_view(reinterpret_cast<const char*>(text), length);
}

// The Go string whose header is at `vaddr`.
std::optional<std::string_view> StringAt(elf::Image& image, uint64_t vaddr, uint64_t max_bytes) {
  const std::optional<uint64_t> data = image.ReadWord(vaddr);
  const std::optional<uint64_t> length = image.ReadWord(vaddr + 8);
  if (!data.has_value() || !length.has_value() || *length > max_bytes) {
    return std::nullopt;
  }
  const uint8_t* text = image.View(*data, *length);
  return text == nullptr ? std::nullopt : std::optional(std::string_view(reinterpret_cast<const char*>(text), *length));
}

// Lines of tab-separated words: "path\tP", "mod\tPATH\tVERSION...", "dep\t...", "build\tKEY=VALUE".
void ParseModuleText(std::string_view text, BuildInfo& info) {
  constexpr std::string_view kBuildMode = "build\t-buildmode=";
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("mod\t")) {
      info.main_module = line.substr(4, line.find('\t', 4) - 4);
    } else if (line.starts_with("path\t") && info.main_module.empty()) {
      info.main_module = line.substr(5);
    } else if (line.starts_with(kBuildMode)) {
      info.build_mode = line.substr(kBuildMode.size());
    }
  }
}

std::optional<BuildInfo> Parse(elf::Image& image, uint64_t vaddr) {
  const uint8_t* header = image.View(vaddr, kHeaderBytes);
  if (header == nullptr) {
    return std::nullopt;
  }
  BuildInfo info;
  if ((header[kHeaderFlagsOff] & kFlagInline) == 0) {
    const auto version = StringAt(image, Load<uint64_t>(header + kVersionPointerOff), kMaxVersionBytes);
    if (!version.has_value() || !IsPrintableUtf8(*version)) {
      return std::nullopt;
    }
    info.go_version = *version;
    return info;
  }
  uint64_t next = vaddr + kHeaderBytes;
  const auto version = InlineString(image, next, kMaxVersionBytes);
  if (!version.has_value() || !IsPrintableUtf8(*version)) {
    return std::nullopt;
  }
  info.go_version = *version;
  const auto module = InlineString(image, next, kMaxModuleBytes);
  if (module.has_value() && module->size() > 2 * kSentinelBytes) {
    info.module_text = module->substr(kSentinelBytes, module->size() - 2 * kSentinelBytes);
    ParseModuleText(info.module_text, info);
  }
  return info;
}

}  // namespace

std::optional<uint64_t> FindBuildInfoMagic(std::span<const uint8_t> bytes) {
  for (uint64_t i = 0; i + kHeaderBytes <= bytes.size(); i += kAlignment) {
    if (bytes[i] == kMagic[0] && std::memcmp(bytes.data() + i, kMagic.data(), kMagic.size()) == 0) {
      return i;
    }
  }
  return std::nullopt;
}

std::optional<BuildInfo> FindBuildInfo(elf::Image& image) {
  std::optional<BuildInfo> info;
  const auto search = [&](const elf::Segment& segment, uint64_t begin_vaddr, uint64_t end_vaddr) {
    if (!segment.writable || info.has_value()) {
      return;
    }
    const uint64_t begin = (begin_vaddr + kAlignment - 1) / kAlignment * kAlignment;
    (void)image.Scan(segment, begin, end_vaddr, kHeaderBytes, [&](const elf::Image::Window& window) {
      std::span<const uint8_t> rest = window.bytes;
      uint64_t vaddr = window.vaddr;
      while (const std::optional<uint64_t> off = FindBuildInfoMagic(rest)) {
        info = Parse(image, vaddr + *off);
        if (info.has_value()) {
          return false;
        }
        rest = rest.subspan(*off + kAlignment);
        vaddr += *off + kAlignment;
      }
      return true;
    });
  };
  // It is hardly ever in what becomes read-only after relocation, which is most of a position-independent executable.
  const uint64_t relro_end_vaddr = image.headers().relro_end_vaddr.value_or(0);
  for (const elf::Segment& segment : image.loads()) {
    search(segment, std::max(segment.vaddr, relro_end_vaddr), segment.file_end_vaddr());
  }
  for (const elf::Segment& segment : image.loads()) {
    search(segment, segment.vaddr, std::min(segment.file_end_vaddr(), relro_end_vaddr));
  }
  return info;
}

}  // namespace nodespan::goinspect
