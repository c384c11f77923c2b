// SPDX-License-Identifier: Apache-2.0
// FileBytes is a private snapshot of a file that is read piece by piece as it is looked at.
//
// Why not mmap: the files belong to tenants. A file that is truncated while mapped kills the reader with SIGBUS, an I/O
// error on a network or FUSE mount does the same, and a file rewritten in place changes under a length that was just
// checked. FileBytes reserves address space of the size of the file and fills it in chunks by pread on first use: a
// short or failing read is an ordinary error, a byte once read never changes, and views stay valid. The price is one
// copy of what is touched; what is looked at only once (scans) goes through Read() and stays out of memory.
//
// Thread: one at a time. Lifetime: views live as long as the object, except those into a range given to Release().
// Limits: the resident and the scanned bytes of one object are bounded, so that a hostile file costs bounded memory and
// time; beyond them every access fails and load_status() says so.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace nodespan::elf {

class FileBytes {
 public:
  static constexpr uint64_t kMaxFileBytes = uint64_t{4} << 30;
  static constexpr uint64_t kMaxResidentBytes = uint64_t{64} << 20;
  static constexpr uint64_t kMaxScannedBytes = uint64_t{512} << 20;
  // Small, because descriptors and names that are looked at lie scattered: a chunk for each of them must not add up.
  static constexpr uint64_t kChunkBytes = uint64_t{16} << 10;

  // Duplicates `fd`; the caller keeps his. kNotFound: not a regular file, or empty; kResourceExhausted: larger than
  // kMaxFileBytes or no address space.
  static absl::StatusOr<std::unique_ptr<FileBytes>> Open(int fd);
  // The same over bytes in memory (tests, fuzzing), which must outlive the object.
  static absl::StatusOr<std::unique_ptr<FileBytes>> OpenBytes(std::span<const uint8_t> bytes);

  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  uint64_t size() const { return size_; }
  uint64_t resident_bytes() const { return resident_bytes_; }

  // The `count` bytes at `file_off`, or null when they lie outside the file or could not be read.
  const uint8_t* View(uint64_t file_off, uint64_t count);

  // Copies into `out` without keeping anything in memory; false as for View().
  bool Read(uint64_t file_off, std::span<uint8_t> out);

  // Gives the memory of all chunks that lie wholly inside the range back. Views into them are void afterwards.
  void Release(uint64_t file_off, uint64_t count);

  // Called for every piece of bytes before anyone sees it, including pieces read earlier: applies relocations.
  using Patcher = std::function<void(uint64_t file_off, std::span<uint8_t> bytes)>;
  void SetPatcher(Patcher patcher);

  // Why accesses inside the file failed: the first failure, or OK. kDataLoss: the file became shorter.
  const absl::Status& load_status() const { return load_status_; }

 private:
  FileBytes(base::UniqueFd fd, std::span<const uint8_t> bytes, uint64_t size, uint8_t* arena, uint64_t arena_bytes);
  static absl::StatusOr<std::unique_ptr<FileBytes>> Create(base::UniqueFd fd, std::span<const uint8_t> bytes,
                                                           uint64_t size);

  bool Load(uint64_t first_chunk, uint64_t chunk_count);
  bool Fetch(uint64_t file_off, std::span<uint8_t> out);
  bool Fail(absl::Status status);

  base::UniqueFd fd_;               // invalid when reading from bytes_
  std::span<const uint8_t> bytes_;  // empty when reading from fd_
  uint64_t size_;
  uint8_t* arena_;  // anonymous mapping of arena_bytes_, a multiple of kChunkBytes
  uint64_t arena_bytes_;
  std::vector<bool> loaded_;  // by chunk
  uint64_t resident_bytes_ = 0;
  uint64_t scanned_bytes_ = 0;
  Patcher patcher_;
  absl::Status load_status_;
};

}  // namespace nodespan::elf
