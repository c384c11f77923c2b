// SPDX-License-Identifier: Apache-2.0
// Listens to what the container runtime tells of containers that start (CRI v1, GetContainerEvents).
//
// An event only says that it is time to look. What there is comes from the list, so an event that is lost, late or told
// twice does no harm, and a runtime that tells none, or stops to, leaves everything to the polls. It is asked again,
// with waits that grow: while it says that it has no events up to `max_refused_wait`.
//
// Not for every node: containerd before 2.0 gives each event to one of those who listen, and a kubelet with EventedPLEG
// would miss what is read here (containerd issue 7318).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "k8s/backoff.h"
#include "k8s/stop_signal.h"
#include "metrics/counters.h"

namespace grpc {
class ClientContext;
}  // namespace grpc

namespace nodespan::k8s {

struct CriEventsOptions {
  std::string socket_path;  // as of ChooseCriSocket()
  Backoff::Options backoff;
  absl::Duration max_refused_wait = absl::Minutes(5);
};

// Thread: has one of its own, which the destructor ends at once.
class CriEvents {
 public:
  // `on_start` runs on that thread for each container, or sandbox, that has started; it must return at once. `counters`
  // outlives this.
  CriEvents(CriEventsOptions options, metrics::Counters* counters, std::function<void()> on_start);
  ~CriEvents();
  CriEvents(const CriEvents&) = delete;
  CriEvents& operator=(const CriEvents&) = delete;

 private:
  void Run();
  absl::Status Listen();
  absl::Status Read(grpc::ClientContext& context, const std::string& socket_path);
  bool SetContext(grpc::ClientContext* context) ABSL_LOCKS_EXCLUDED(mutex_);
  void Tell(const absl::Status& status);

  const CriEventsOptions options_;
  metrics::Counters* const counters_;
  const std::function<void()> on_start_;
  StopSignal stop_;
  absl::Mutex mutex_;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;  // of the stream that is read

  // The thread only.
  absl::BitGen random_;
  Backoff backoff_;
  Backoff refused_backoff_;
  std::optional<absl::StatusCode> told_;  // how it is, as far as it was said

  std::thread thread_;  // last: it uses everything above
};

}  // namespace nodespan::k8s
