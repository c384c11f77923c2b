// SPDX-License-Identifier: Apache-2.0
// LooksLikeGo (go_binary.h) without opening an Image: a handful of small reads.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>

#include "base/errors.h"
#include "base/status_macros.h"
#include "elf/headers.h"
#include "elf/notes.h"
#include "goinspect/build_info.h"
#include "goinspect/go_binary.h"
#include "goinspect/refusal.h"

namespace nodespan::goinspect {
namespace {

using absl::StatusCode;
using base::MakeStatus;
using elf::kGnuBuildIdNote;
using elf::kGoBuildIdNote;

constexpr uint64_t kMaxShortNoteBytes = 1024;
// Go's linker begins the data with build info. An external linker puts .data before it, which can be some 100 KiB.
constexpr uint64_t kSearchBytes = uint64_t{256} << 10;
constexpr uint64_t kReadBytes = uint64_t{32} << 10;

uint64_t ReadUpTo(int fd, uint64_t file_off, std::span<uint8_t> out) {
  const ssize_t count = ::pread(fd, out.data(), out.size(), static_cast<off_t>(file_off));
  return count < 0 ? 0 : static_cast<uint64_t>(count);
}

BuildIds ReadNotes(int fd, const elf::Headers& headers) {
  std::array<uint8_t, kMaxShortNoteBytes> buffer;
  BuildIds ids;
  const auto take = [](std::span<const uint8_t> notes, std::string_view name, uint32_t type, std::string& id) {
    if (const auto found = elf::FindNote(notes, name, type); found.has_value() && id.empty()) {
      id.assign(reinterpret_cast<const char*>(found->data()), found->size());
    }
  };
  for (const elf::FileRange& note : headers.notes) {
    const uint64_t wanted = std::min(note.bytes, kMaxShortNoteBytes);
    const std::span notes = std::span(buffer).first(ReadUpTo(fd, note.file_off, std::span(buffer).first(wanted)));
    take(notes, "Go", kGoBuildIdNote, ids.go);
    take(notes, "GNU", kGnuBuildIdNote, ids.gnu);
  }
  return ids;
}

bool HasBuildInfo(int fd, const elf::Segment& segment, uint64_t begin_vaddr) {
  constexpr uint64_t kAlignment = 16;
  constexpr uint64_t kOverlap = 32;  // a header that straddles two reads
  std::array<uint8_t, kReadBytes + kOverlap> buffer;
  const uint64_t begin = (begin_vaddr + kAlignment - 1) / kAlignment * kAlignment;
  const uint64_t end = std::min(segment.file_end_vaddr(), begin + kSearchBytes);
  for (uint64_t vaddr = begin; vaddr < end; vaddr += kReadBytes) {
    const uint64_t wanted = std::min<uint64_t>(buffer.size(), segment.file_end_vaddr() - vaddr);
    const uint64_t count = ReadUpTo(fd, vaddr - segment.vaddr + segment.file_off, std::span(buffer).first(wanted));
    if (FindBuildInfoMagic(std::span(buffer).first(count)).has_value()) {
      return true;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<BuildIds> ReadBuildIds(int fd) {
  NODESPAN_ASSIGN_OR_RETURN(const elf::Headers headers, elf::ReadHeaders([fd](uint64_t off, std::span<uint8_t> out) {
                              return ReadUpTo(fd, off, out) == out.size();
                            }));
  return ReadNotes(fd, headers);
}

absl::Status LooksLikeGo(int fd) {
  const auto read_at = [fd](uint64_t file_off, std::span<uint8_t> out) {
    return ReadUpTo(fd, file_off, out) == out.size();
  };
  NODESPAN_ASSIGN_OR_RETURN(const elf::Headers headers, elf::ReadHeaders(read_at));
  if (!ReadNotes(fd, headers).go.empty()) {
    return absl::OkStatus();
  }
  // Linked with -buildid=, or not Go.
  for (const elf::Segment& segment : headers.loads) {
    if (!segment.writable) {
      continue;
    }
    // What is read-only after relocation, a part of the segment or all of it, has everything but build info.
    const uint64_t relro_end = headers.relro_end_vaddr.value_or(segment.vaddr);
    const bool is_behind_relro = relro_end > segment.vaddr && relro_end <= segment.file_end_vaddr();
    if (HasBuildInfo(fd, segment, is_behind_relro ? relro_end : segment.vaddr)) {
      return absl::OkStatus();
    }
  }
  NODESPAN_RETURN_IF_ERROR(CheckNotPacked(headers, read_at));
  return MakeStatus(StatusCode::kNotFound, "not a Go executable: no build info");
}

}  // namespace nodespan::goinspect
