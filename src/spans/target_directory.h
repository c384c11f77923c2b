// SPDX-License-Identifier: Apache-2.0
// Which traced process a record belongs to: (slot, generation) -> resource and attribute names.
//
// Records lie in the ring for a while, so a target stays resolvable for a grace time after its release; a slot that is
// used again has another generation meanwhile and does not clash.
//
// Thread: the control thread adds, releases and expires; the reader thread takes snapshots. A change builds a new
// immutable table and swaps a pointer under the mutex, so that the reader holds the lock only to copy that pointer,
// once per batch, and looks targets up without any lock. Attaching is rare and a table is small (one entry per traced
// process of the node), records are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "base/clock.h"
#include "model/code_symbols.h"
#include "model/resource.h"
#include "model/span_options.h"
#include "model/type_names.h"

namespace nodespan::spans {

struct TargetKey {
  uint32_t slot = 0;
  uint32_t generation = 0;

  bool operator==(const TargetKey&) const = default;
  template <typename H>
  friend H AbslHashValue(H hash, const TargetKey& key) {
    return H::combine(std::move(hash), key.slot, key.generation);
  }
};

struct TargetInfo {
  model::ResourcePtr resource;  // Never null.
  model::SpanOptions options;
  model::TypeNamesPtr types;        // Null: none is ever mentioned.
  model::CodeSymbolsPtr code = {};  // Null: addresses of code stay unnamed.
};

class TargetDirectory {
 public:
  // An immutable state of the directory. Any thread.
  class Snapshot {
   public:
    // Valid as long as the snapshot; null: not known, or released longer ago than the grace time.
    const TargetInfo* Find(TargetKey key) const;

   private:
    friend class TargetDirectory;
    struct Entry {
      TargetInfo info;
      std::optional<int64_t> released_at_mono_ns;
    };
    absl::flat_hash_map<TargetKey, Entry> entries_;
  };
  using SnapshotPtr = std::shared_ptr<const Snapshot>;

  static constexpr int64_t kDefaultGraceNs = 10'000'000'000;

  // `clock` outlives this.
  explicit TargetDirectory(const base::Clock* clock, int64_t grace_ns = kDefaultGraceNs);

  // Makes `key` known, or replaces what is known about it (a resource may become richer). Call it before the target's
  // probes are attached, so that its first record finds it.
  void Add(TargetKey key, TargetInfo info) ABSL_LOCKS_EXCLUDED(mutex_);

  // The target emits no more records; it is forgotten one grace time later. Unknown keys are ignored.
  void Release(TargetKey key) ABSL_LOCKS_EXCLUDED(mutex_);

  // Forgets released targets whose grace time is over. Add and Release do the same, so a timer needs to call this only
  // to let go of memory on a quiet node.
  void Expire() ABSL_LOCKS_EXCLUDED(mutex_);

  SnapshotPtr Current() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Targets known now, those in their grace time included.
  size_t size() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // A copy of the table without what has expired, to be changed and published.
  std::shared_ptr<Snapshot> CopyLive() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const base::Clock* clock_;
  const int64_t grace_ns_;
  mutable absl::Mutex mutex_;
  SnapshotPtr current_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace nodespan::spans
