// SPDX-License-Identifier: Apache-2.0
#include "spans/target_directory.h"

namespace nodespan::spans {

const TargetInfo* TargetDirectory::Snapshot::Find(TargetKey key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : &it->second.info;
}

TargetDirectory::TargetDirectory(const base::Clock* clock, int64_t grace_ns)
    : clock_(clock), grace_ns_(grace_ns), current_(std::make_shared<const Snapshot>()) {}

std::shared_ptr<TargetDirectory::Snapshot> TargetDirectory::CopyLive() const {
  const int64_t now_ns = clock_->MonotonicNs();
  auto copy = std::make_shared<Snapshot>();
  copy->entries_.reserve(current_->entries_.size() + 1);
  for (const auto& [key, entry] : current_->entries_) {
    if (!entry.released_at_mono_ns || now_ns - *entry.released_at_mono_ns < grace_ns_) {
      copy->entries_.emplace(key, entry);
    }
  }
  return copy;
}

void TargetDirectory::Add(TargetKey key, TargetInfo info) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<Snapshot> next = CopyLive();
  next->entries_.insert_or_assign(key, Snapshot::Entry{std::move(info), std::nullopt});
  current_ = std::move(next);
}

void TargetDirectory::Release(TargetKey key) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<Snapshot> next = CopyLive();
  const auto it = next->entries_.find(key);
  if (it != next->entries_.end() && !it->second.released_at_mono_ns) {
    it->second.released_at_mono_ns = clock_->MonotonicNs();
  }
  current_ = std::move(next);
}

void TargetDirectory::Expire() {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<Snapshot> next = CopyLive();
  if (next->entries_.size() != current_->entries_.size()) {
    current_ = std::move(next);
  }
}

TargetDirectory::SnapshotPtr TargetDirectory::Current() const {
  absl::MutexLock lock(&mutex_);
  return current_;
}

size_t TargetDirectory::size() const { return Current()->entries_.size(); }

}  // namespace nodespan::spans
