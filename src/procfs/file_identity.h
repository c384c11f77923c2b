// SPDX-License-Identifier: Apache-2.0
// Which file a process runs: enough to notice another one, and a shortcut to the content identity of a binary. Two
// containers of one image have different identities for the same content (overlay mounts have devices of their own).
#pragma once

#include <cstdint>
#include <utility>

namespace nodespan::procfs {

struct FileIdentity {
  uint64_t dev = 0;
  uint64_t ino = 0;
  int64_t mtime_ns = 0;
  uint64_t size_bytes = 0;

  bool operator==(const FileIdentity&) const = default;

  template <typename H>
  friend H AbslHashValue(H hash, const FileIdentity& file) {
    return H::combine(std::move(hash), file.dev, file.ino, file.mtime_ns, file.size_bytes);
  }
};

}  // namespace nodespan::procfs
