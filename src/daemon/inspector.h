// SPDX-License-Identifier: Apache-2.0
// Inspects executables on a thread of its own, each distinct content once.
//
// Reading a large binary takes some tens of milliseconds and must not delay exec events, signals or other processes. A
// file that was seen is known by device, inode, size and time; another file of the same content, as every container of
// an image has one, is recognised by a few reads (content_proof.h).
//
// Thread: all methods on the control thread; results come back there through the event loop.
// Memory: an inspection is kept as long as somebody holds it; of what was not Go, or could not be traced, the last
// kMaxVerdicts are remembered, so that a shell loop does not get its `sleep` inspected again and again.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "daemon/inspection.h"
#include "metrics/counters.h"
#include "procfs/file_identity.h"

namespace nodespan::daemon {

// What is asked of an Inspector, behind an interface so that tests say what is found, and when.
class BinaryInspector {
 public:
  using Result = absl::StatusOr<std::shared_ptr<const Inspection>>;
  using OnResult = std::function<void(const Result&)>;

  virtual ~BinaryInspector() = default;

  // Calls `on_result` on the control thread: at once when the file is known, later otherwise. `identity` is that of
  // `exe_fd`.
  virtual void Inspect(const procfs::FileIdentity& identity, base::UniqueFd exe_fd, OnResult on_result) = 0;
};

class Inspector final : public BinaryInspector {
 public:
  static constexpr size_t kMaxVerdicts = 4096;

  // Both outlive this.
  Inspector(base::EventLoop* loop, metrics::Counters* counters);
  ~Inspector() override;
  Inspector(const Inspector&) = delete;
  Inspector& operator=(const Inspector&) = delete;

  void Inspect(const procfs::FileIdentity& identity, base::UniqueFd exe_fd, OnResult on_result) override;

 private:
  struct Job {
    procfs::FileIdentity identity;
    base::UniqueFd exe_fd;
  };
  // Either a live inspection, or the reason why there is none.
  struct Verdict {
    std::weak_ptr<const Inspection> inspection;
    absl::Status refusal;
  };

  void WorkLoop() ABSL_LOCKS_EXCLUDED(mutex_);
  // On the inspector's thread.
  Result Look(int exe_fd);
  std::shared_ptr<const Inspection> Recognize(const ContentKey& key, int exe_fd);
  void Finish(const procfs::FileIdentity& identity, Result result);
  void ForgetOldVerdicts();
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !jobs_.empty(); }

  base::EventLoop* const loop_;
  metrics::Counters* const counters_;
  absl::flat_hash_map<procfs::FileIdentity, Verdict> verdicts_;
  std::deque<procfs::FileIdentity> verdict_order_;  // oldest first
  absl::flat_hash_map<procfs::FileIdentity, std::vector<OnResult>> waiting_;
  // Of the inspector's thread. What nobody holds any more is dropped when something is added.
  absl::flat_hash_map<ContentKey, std::weak_ptr<const Inspection>> by_content_;

  absl::Mutex mutex_;
  std::deque<Job> jobs_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: joined before the rest is destroyed
};

}  // namespace nodespan::daemon
