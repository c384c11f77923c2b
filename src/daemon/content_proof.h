// SPDX-License-Identifier: Apache-2.0
// Recognises another file with the content of one that was inspected, without inspecting it.
//
// Fifty containers of one image run fifty files as far as device and inode can tell: each has an overlay mount of its
// own. Files of one size and one build id are candidates; that they are equal is then shown by all the bytes on which
// the inspection rests (GoBinary::Evidence()), since a build id alone is a claim of whoever made the file, and a wrong
// claim must not lend somebody's offsets to another program. A file without any build id is compared as a whole.
//
// Thread: immutable values. The hash has a key that changes with each run of the daemon, so that nobody can prepare a
// file that collides.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "elf/headers.h"

namespace nodespan::daemon {

// What files of equal content have in common and few others do; a hash key.
struct ContentKey {
  std::string go_build_id;
  std::string gnu_build_id;
  uint64_t file_bytes = 0;

  bool operator==(const ContentKey&) const = default;
  bool has_build_id() const { return !go_build_id.empty() || !gnu_build_id.empty(); }

  template <typename H>
  friend H AbslHashValue(H hash, const ContentKey& key) {
    return H::combine(std::move(hash), key.go_build_id, key.gnu_build_id, key.file_bytes);
  }
};

// A status: not an ELF executable (see goinspect::LooksLikeGo()), or unreadable.
absl::StatusOr<ContentKey> ReadContentKey(int fd);

class ContentProof {
 public:
  // Of the file behind `fd`, which has that key. `evidence` is not used when the key has no build id.
  static absl::StatusOr<ContentProof> Make(int fd, const ContentKey& key, const std::vector<elf::FileRange>& evidence);

  // Whether the file behind `fd`, which has the same key, has the same bytes as well.
  bool Holds(int fd) const;

  // How much of a file is compared.
  uint64_t bytes() const;

 private:
  std::vector<elf::FileRange> ranges_;  // in order
  uint64_t hash_ = 0;
};

}  // namespace nodespan::daemon
