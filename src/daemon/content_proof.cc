// SPDX-License-Identifier: Apache-2.0
#include "daemon/content_proof.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "absl/hash/hash.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "goinspect/go_binary.h"

namespace nodespan::daemon {
namespace {

// Pieces that lie this close are read at once: a read costs as much as copying some KiB.
constexpr uint64_t kMaxGapBytes = 2048;
constexpr uint64_t kReadBytes = uint64_t{128} << 10;

std::vector<elf::FileRange> Merged(std::vector<elf::FileRange> ranges, uint64_t file_bytes) {
  std::sort(ranges.begin(), ranges.end(),
            [](const elf::FileRange& a, const elf::FileRange& b) { return a.file_off < b.file_off; });
  std::vector<elf::FileRange> merged;
  for (elf::FileRange range : ranges) {
    range.file_off = std::min(range.file_off, file_bytes);
    range.bytes = std::min(range.bytes, file_bytes - range.file_off);
    if (!merged.empty() && range.file_off <= merged.back().file_off + merged.back().bytes + kMaxGapBytes) {
      elf::FileRange& last = merged.back();
      last.bytes = std::max(last.bytes, range.file_off + range.bytes - last.file_off);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

absl::StatusOr<uint64_t> Hash(int fd, const std::vector<elf::FileRange>& ranges) {
  uint64_t hash = 0;
  std::string buffer;
  for (const elf::FileRange& range : ranges) {
    for (uint64_t done = 0; done < range.bytes;) {
      buffer.resize(std::min(kReadBytes, range.bytes - done));
      const ssize_t count = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(range.file_off + done));
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count != static_cast<ssize_t>(buffer.size())) {
        return base::MakeStatus(absl::StatusCode::kDataLoss, "the file cannot be read at {}", range.file_off + done);
      }
      hash = absl::HashOf(hash, std::string_view(buffer));
      done += buffer.size();
    }
  }
  return hash;
}

}  // namespace

absl::StatusOr<ContentKey> ReadContentKey(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    return base::ErrnoStatus("fstat");
  }
  NODESPAN_ASSIGN_OR_RETURN(goinspect::BuildIds ids, goinspect::ReadBuildIds(fd));
  return ContentKey{std::move(ids.go), std::move(ids.gnu), static_cast<uint64_t>(info.st_size)};
}

absl::StatusOr<ContentProof> ContentProof::Make(int fd, const ContentKey& key,
                                                const std::vector<elf::FileRange>& evidence) {
  ContentProof proof;
  proof.ranges_ = key.has_build_id() ? Merged(evidence, key.file_bytes) : Merged({{0, key.file_bytes}}, key.file_bytes);
  NODESPAN_ASSIGN_OR_RETURN(proof.hash_, Hash(fd, proof.ranges_));
  return proof;
}

bool ContentProof::Holds(int fd) const {
  const absl::StatusOr<uint64_t> hash = Hash(fd, ranges_);
  return hash.ok() && *hash == hash_;
}

uint64_t ContentProof::bytes() const {
  uint64_t total = 0;
  for (const elf::FileRange& range : ranges_) {
    total += range.bytes;
  }
  return total;
}

}  // namespace nodespan::daemon
