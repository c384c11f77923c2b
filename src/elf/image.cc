// SPDX-License-Identifier: Apache-2.0
#include "elf/image.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"
#include "elf/little_endian.h"

namespace nodespan::elf {
namespace {

using absl::StatusCode;
using base::MakeStatus;

constexpr uint64_t kScanWindowBytes = uint64_t{256} << 10;  // stays in the second-level cache
constexpr uint64_t kMaxSections = 4096;

}  // namespace

absl::StatusOr<std::unique_ptr<Image>> Image::Open(int fd) {
  NODESPAN_ASSIGN_OR_RETURN(auto file, FileBytes::Open(fd));
  return Create(std::move(file));
}

absl::StatusOr<std::unique_ptr<Image>> Image::OpenBytes(std::span<const uint8_t> bytes) {
  NODESPAN_ASSIGN_OR_RETURN(auto file, FileBytes::OpenBytes(bytes));
  return Create(std::move(file));
}

absl::StatusOr<std::unique_ptr<Image>> Image::Create(std::unique_ptr<FileBytes> file) {
  NODESPAN_ASSIGN_OR_RETURN(Headers headers, ReadHeaders([&](uint64_t file_off, std::span<uint8_t> out) {
                              const uint8_t* bytes = file->View(file_off, out.size());
                              if (bytes != nullptr) {
                                std::memcpy(out.data(), bytes, out.size());
                              }
                              return bytes != nullptr;
                            }));
  for (const Segment& segment : headers.loads) {
    if (segment.file_off > file->size() || segment.file_bytes > file->size() - segment.file_off) {
      return MakeStatus(StatusCode::kDataLoss, "segment at {:#x} needs {} bytes at {} of a file of {}: truncated",
                        segment.vaddr, segment.file_bytes, segment.file_off, file->size());
    }
  }
  std::unique_ptr<Image> image(new Image(std::move(file), std::move(headers)));
  NODESPAN_ASSIGN_OR_RETURN(image->relocations_, Relocations::Read(image->headers_, *image->file_));
  if (!image->relocations_.empty()) {
    image->file_->SetPatcher([relocations = &image->relocations_](uint64_t file_off, std::span<uint8_t> bytes) {
      relocations->Apply(file_off, bytes);
    });
  }
  return image;
}

Image::Image(std::unique_ptr<FileBytes> file, Headers headers) : file_(std::move(file)), headers_(std::move(headers)) {}

const Segment* Image::SegmentOf(uint64_t vaddr) const {
  if (last_segment_ != nullptr && last_segment_->Maps(vaddr)) {
    return last_segment_;
  }
  for (const Segment& segment : headers_.loads) {
    if (segment.Maps(vaddr)) {
      last_segment_ = &segment;
      return &segment;
    }
  }
  return nullptr;
}

std::optional<uint64_t> Image::FileOffset(uint64_t vaddr) const {
  const Segment* segment = SegmentOf(vaddr);
  if (segment == nullptr || vaddr - segment->vaddr >= segment->file_bytes) {
    return std::nullopt;
  }
  return vaddr - segment->vaddr + segment->file_off;
}

std::optional<uint64_t> Image::VaddrOfFileOffset(uint64_t file_off) const {
  for (const Segment& segment : headers_.loads) {
    if (file_off - segment.file_off < segment.file_bytes) {
      return file_off - segment.file_off + segment.vaddr;
    }
  }
  return std::nullopt;
}

const uint8_t* Image::View(uint64_t vaddr, uint64_t count) {
  const Segment* segment = SegmentOf(vaddr);
  if (segment == nullptr) {
    return nullptr;
  }
  const uint64_t offset = vaddr - segment->vaddr;
  if (offset > segment->file_bytes || count > segment->file_bytes - offset) {
    return nullptr;
  }
  return file_->View(segment->file_off + offset, count);
}

std::optional<uint64_t> Image::ReadWord(uint64_t vaddr) {
  const uint8_t* bytes = View(vaddr, sizeof(uint64_t));
  return bytes == nullptr ? std::nullopt : std::optional(Load<uint64_t>(bytes));
}

void Image::Release(uint64_t vaddr, uint64_t count) {
  if (const std::optional<uint64_t> file_off = FileOffset(vaddr); file_off.has_value()) {
    file_->Release(*file_off, count);
  }
}

bool Image::Scan(const Segment& segment, uint64_t begin_vaddr, uint64_t end_vaddr, uint64_t look_ahead_bytes,
                 absl::FunctionRef<bool(const Window&)> visit) {
  const uint64_t segment_end = segment.file_end_vaddr();
  const uint64_t end = std::min(end_vaddr, segment_end);
  uint64_t vaddr = std::max(begin_vaddr, segment.vaddr);
  vaddr += (0 - vaddr) % sizeof(uint64_t);
  const FileRange table = relocations_.table();
  while (vaddr < end) {
    const uint64_t table_off = vaddr - segment.vaddr + segment.file_off - table.file_off;
    if (table_off < table.bytes && table.bytes - table_off > kScanWindowBytes) {
      vaddr += (table.bytes - table_off) / sizeof(uint64_t) * sizeof(uint64_t);
      continue;
    }
    const uint64_t start_bytes = std::min(kScanWindowBytes, end - vaddr);
    const uint64_t count = std::min(start_bytes + look_ahead_bytes, segment_end - vaddr);
    if (scan_buffer_.size() < count) {
      scan_buffer_.resize(count);
    }
    const std::span<uint8_t> buffer = std::span(scan_buffer_).first(count);
    if (!file_->Read(vaddr - segment.vaddr + segment.file_off, buffer)) {
      return false;
    }
    if (!visit(Window{vaddr, buffer, start_bytes})) {
      return true;
    }
    vaddr += start_bytes;
  }
  return true;
}

bool Image::HasSymbolTable() {
  const FileRange table = headers_.section_headers;
  if (table.bytes == 0 || table.bytes > kMaxSections * sizeof(Elf64_Shdr)) {
    return false;
  }
  const uint8_t* bytes = file_->View(table.file_off, table.bytes);
  for (uint64_t i = 0; bytes != nullptr && i < table.bytes; i += sizeof(Elf64_Shdr)) {
    if (Load<uint32_t>(bytes + i + offsetof(Elf64_Shdr, sh_type)) == SHT_SYMTAB) {
      return true;
    }
  }
  return false;
}

}  // namespace nodespan::elf
