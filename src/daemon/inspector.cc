// SPDX-License-Identifier: Apache-2.0
#include "daemon/inspector.h"

#include <pthread.h>

#include <utility>

namespace nodespan::daemon {

Inspector::Inspector(base::EventLoop* loop, metrics::Counters* counters)
    : loop_(loop), counters_(counters), thread_([this] { WorkLoop(); }) {
  (void)pthread_setname_np(thread_.native_handle(), "ns-inspect");
}

Inspector::~Inspector() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void Inspector::Inspect(const procfs::FileIdentity& identity, base::UniqueFd exe_fd, OnResult on_result) {
  if (const auto it = verdicts_.find(identity); it != verdicts_.end()) {
    if (!it->second.refusal.ok()) {
      on_result(it->second.refusal);
      return;
    }
    if (std::shared_ptr<const Inspection> inspection = it->second.inspection.lock()) {
      on_result(std::move(inspection));
      return;
    }
    // The last process of this binary ended meanwhile: inspect it again.
  }
  std::vector<OnResult>& waiting = waiting_[identity];
  waiting.push_back(std::move(on_result));
  if (waiting.size() > 1) {
    return;  // Being inspected already.
  }
  absl::MutexLock lock(&mutex_);
  jobs_.push_back({identity, std::move(exe_fd)});
}

void Inspector::WorkLoop() {
  while (true) {
    Job job;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &Inspector::HasWork));
      if (stopping_) {
        return;
      }
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    Result result = Look(job.exe_fd.get());
    loop_->PostTask([this, identity = job.identity, result = std::move(result)] { Finish(identity, result); });
  }
}

Inspector::Result Inspector::Look(int exe_fd) {
  const absl::StatusOr<ContentKey> key = ReadContentKey(exe_fd);
  if (key.ok()) {
    if (std::shared_ptr<const Inspection> known = Recognize(*key, exe_fd); known != nullptr) {
      counters_->Add(metrics::Counter::kBinariesRecognized);
      return known;
    }
  }
  absl::StatusOr<Inspection> inspection = daemon::Inspect(exe_fd);
  if (!inspection.ok()) {
    return inspection.status();
  }
  counters_->Add(metrics::Counter::kBinariesInspected);
  auto shared = std::make_shared<const Inspection>(*std::move(inspection));
  absl::erase_if(by_content_, [](const auto& entry) { return entry.second.expired(); });
  by_content_[shared->content_key] = shared;
  return shared;
}

std::shared_ptr<const Inspection> Inspector::Recognize(const ContentKey& key, int exe_fd) {
  const auto it = by_content_.find(key);
  std::shared_ptr<const Inspection> known = it == by_content_.end() ? nullptr : it->second.lock();
  return known != nullptr && known->content_proof.Holds(exe_fd) ? known : nullptr;
}

void Inspector::Finish(const procfs::FileIdentity& identity, Result result) {
  if (!verdicts_.contains(identity)) {
    verdict_order_.push_back(identity);
  }
  verdicts_[identity] = result.ok() ? Verdict{*result, absl::OkStatus()} : Verdict{{}, result.status()};
  ForgetOldVerdicts();
  const auto node = waiting_.extract(identity);
  if (!node.empty()) {
    for (const OnResult& on_result : node.mapped()) {
      on_result(result);
    }
  }
}

void Inspector::ForgetOldVerdicts() {
  while (verdict_order_.size() > kMaxVerdicts) {
    verdicts_.erase(verdict_order_.front());
    verdict_order_.pop_front();
  }
}

}  // namespace nodespan::daemon
