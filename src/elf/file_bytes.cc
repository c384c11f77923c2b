// SPDX-License-Identifier: Apache-2.0
#include "elf/file_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/errors.h"

namespace nodespan::elf {

using absl::StatusCode;
using base::ErrnoStatus;
using base::MakeStatus;

absl::StatusOr<std::unique_ptr<FileBytes>> FileBytes::Open(int fd) {
  base::UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) {
    return ErrnoStatus("duplicate the file descriptor");
  }
  struct stat info {};
  if (::fstat(copy.get(), &info) != 0) {
    return ErrnoStatus("fstat");
  }
  if (!S_ISREG(info.st_mode)) {
    return MakeStatus(StatusCode::kNotFound, "not a regular file");
  }
  return Create(std::move(copy), {}, static_cast<uint64_t>(info.st_size));
}

absl::StatusOr<std::unique_ptr<FileBytes>> FileBytes::OpenBytes(std::span<const uint8_t> bytes) {
  return Create(base::UniqueFd(), bytes, bytes.size());
}

absl::StatusOr<std::unique_ptr<FileBytes>> FileBytes::Create(base::UniqueFd fd, std::span<const uint8_t> bytes,
                                                             uint64_t size) {
  if (size == 0) {
    return MakeStatus(StatusCode::kNotFound, "the file is empty");
  }
  if (size > kMaxFileBytes) {
    return MakeStatus(StatusCode::kResourceExhausted, "the file has {} bytes, more than the limit of {}", size,
                      kMaxFileBytes);
  }
  const uint64_t arena_bytes = (size + kChunkBytes - 1) / kChunkBytes * kChunkBytes;
  void* arena =
      ::mmap(nullptr, arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (arena == MAP_FAILED) {
    return ErrnoStatus("reserve address space for the file");
  }
  return std::unique_ptr<FileBytes>(
      new FileBytes(std::move(fd), bytes, size, static_cast<uint8_t*>(arena), arena_bytes));
}

FileBytes::FileBytes(base::UniqueFd fd, std::span<const uint8_t> bytes, uint64_t size, uint8_t* arena,
                     uint64_t arena_bytes)
    : fd_(std::move(fd)),
      bytes_(bytes),
      size_(size),
      arena_(arena),
      arena_bytes_(arena_bytes),
      loaded_(arena_bytes / kChunkBytes, false) {}

FileBytes::~FileBytes() { (void)::munmap(arena_, arena_bytes_); }

const uint8_t* FileBytes::View(uint64_t file_off, uint64_t count) {
  if (file_off > size_ || count > size_ - file_off) {
    return nullptr;
  }
  if (count == 0) {
    return arena_ + file_off;
  }
  const uint64_t last = (file_off + count - 1) / kChunkBytes;
  for (uint64_t chunk = file_off / kChunkBytes; chunk <= last;) {
    if (loaded_[chunk]) {
      ++chunk;
      continue;
    }
    uint64_t end = chunk + 1;
    while (end <= last && !loaded_[end]) {
      ++end;
    }
    if (!Load(chunk, end - chunk)) {
      return nullptr;
    }
    chunk = end;
  }
  return arena_ + file_off;
}

bool FileBytes::Load(uint64_t first_chunk, uint64_t chunk_count) {
  const uint64_t file_off = first_chunk * kChunkBytes;
  const uint64_t count = std::min(chunk_count * kChunkBytes, size_ - file_off);
  if (count > kMaxResidentBytes - resident_bytes_) {
    return Fail(MakeStatus(StatusCode::kResourceExhausted, "more than {} bytes of the file are needed at once",
                           kMaxResidentBytes));
  }
  const std::span<uint8_t> target(arena_ + file_off, count);
  if (!Fetch(file_off, target)) {
    return false;
  }
  if (patcher_) {
    patcher_(file_off, target);
  }
  std::fill_n(loaded_.begin() + static_cast<std::ptrdiff_t>(first_chunk), chunk_count, true);
  resident_bytes_ += count;
  return true;
}

bool FileBytes::Read(uint64_t file_off, std::span<uint8_t> out) {
  if (file_off > size_ || out.size() > size_ - file_off) {
    return false;
  }
  if (out.size() > kMaxScannedBytes - scanned_bytes_) {
    return Fail(MakeStatus(StatusCode::kResourceExhausted, "more than {} bytes of the file had to be searched",
                           kMaxScannedBytes));
  }
  scanned_bytes_ += out.size();
  if (!Fetch(file_off, out)) {
    return false;
  }
  if (patcher_) {
    patcher_(file_off, out);
  }
  return true;
}

bool FileBytes::Fetch(uint64_t file_off, std::span<uint8_t> out) {
  if (!fd_.valid()) {
    std::memcpy(out.data(), bytes_.data() + file_off, out.size());
    return true;
  }
  while (!out.empty()) {
    const ssize_t count = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(file_off));
    if (count < 0) {
      const int error = errno;
      if (error == EINTR) {
        continue;
      }
      return Fail(ErrnoStatus(error, "read the file"));
    }
    if (count == 0) {
      return Fail(
          MakeStatus(StatusCode::kDataLoss, "the file ended at {} of {} bytes: it was truncated", file_off, size_));
    }
    file_off += static_cast<uint64_t>(count);
    out = out.subspan(static_cast<size_t>(count));
  }
  return true;
}

void FileBytes::Release(uint64_t file_off, uint64_t count) {
  if (file_off > size_ || count > size_ - file_off) {
    return;
  }
  const uint64_t first = (file_off + kChunkBytes - 1) / kChunkBytes;
  const uint64_t end = (file_off + count) / kChunkBytes;
  if (first >= end) {
    return;
  }
  if (::madvise(arena_ + first * kChunkBytes, (end - first) * kChunkBytes, MADV_DONTNEED) != 0) {
    return;  // the memory stays ours: nothing is lost but the saving
  }
  for (uint64_t chunk = first; chunk < end; ++chunk) {
    if (loaded_[chunk]) {
      resident_bytes_ -= kChunkBytes;  // never the last, shorter chunk: only whole chunks are released
      loaded_[chunk] = false;
    }
  }
}

void FileBytes::SetPatcher(Patcher patcher) {
  patcher_ = std::move(patcher);
  for (uint64_t chunk = 0; chunk < loaded_.size(); ++chunk) {
    if (loaded_[chunk]) {
      const uint64_t file_off = chunk * kChunkBytes;
      patcher_(file_off, {arena_ + file_off, std::min(kChunkBytes, size_ - file_off)});
    }
  }
}

bool FileBytes::Fail(absl::Status status) {
  if (load_status_.ok()) {
    load_status_ = std::move(status);
  }
  return false;
}

}  // namespace nodespan::elf
