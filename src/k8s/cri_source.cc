// SPDX-License-Identifier: Apache-2.0
#include "k8s/cri_source.h"

#include <pthread.h>

#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "k8s/backoff.h"
#include "k8s/cri_client.h"
#include "k8s/cri_events.h"
#include "k8s/cri_socket.h"
#include "k8s/pod_store.h"
#include "k8s/stop_signal.h"

namespace nodespan::k8s {
namespace {

using metrics::Counter;

// However often a refresh is asked for: the container that somebody met may need a moment until the runtime has it.
constexpr absl::Duration kMinPollPeriod = absl::Milliseconds(100);
// However many containers start; of one that the runtime tells of it has everything already.
constexpr absl::Duration kMinPollPeriodAfterEvent = absl::Milliseconds(20);

CriEventsOptions EventsOf(const CriSourceOptions& options) {
  CriEventsOptions events = options.events;
  events.socket_path = options.socket_path;
  return events;
}

class CriSource final : public PodSource {
 public:
  CriSource(CriSourceOptions options, MetadataFilter filter, metrics::Counters* counters, PodsChanged on_change)
      : options_(std::move(options)),
        filter_(std::move(filter)),
        counters_(counters),
        store_(counters, std::move(on_change)),
        thread_([this] { Run(); }) {
    if (options_.listens_to_events) {
      events_.emplace(EventsOf(options_), counters_, [this] { stop_.Wake(kMinPollPeriodAfterEvent); });
    }
    (void)pthread_setname_np(thread_.native_handle(), "ns-cri");
  }

  ~CriSource() override {
    stop_.Stop();
    {
      absl::MutexLock lock(&mutex_);
      if (client_ != nullptr) {
        client_->Cancel();
      }
    }
    thread_.join();
  }

  std::string_view name() const override { return "cri"; }
  std::shared_ptr<const PodSnapshot> snapshot() const override { return store_.snapshot(); }
  bool is_synced() const override { return store_.is_synced(); }
  void RequestRefresh() override { stop_.Wake(kMinPollPeriod); }

 private:
  void Run() {
    absl::BitGen random;
    Backoff backoff({}, [&random] { return absl::Uniform(random, 0.0, 1.0); });
    while (!stop_.is_stopped()) {
      const absl::Status status = Poll();
      if (stop_.is_stopped()) {
        return;
      }
      Tell(status);
      if (status.ok()) {
        backoff.Reset();
        stop_.Wait(options_.poll_period);
      } else {
        counters_->Add(Counter::kPodSourceErrors);
        SetClient(nullptr);
        stop_.Sleep(backoff.Next());
      }
    }
  }

  absl::Status Poll() {
    if (client_ == nullptr) {
      NODESPAN_RETURN_IF_ERROR(Connect());
    }
    size_t malformed_count = 0;
    absl::StatusOr<std::vector<Pod>> pods = client_->ListPods(filter_, options_.call_timeout, malformed_count);
    counters_->Add(Counter::kPodsMalformed, malformed_count);
    if (!pods.ok()) {
      return pods.status();
    }
    counters_->Add(Counter::kPodLists);
    store_.ReplaceAll(*std::move(pods));
    return absl::OkStatus();
  }

  absl::Status Connect() {
    NODESPAN_ASSIGN_OR_RETURN(const std::string path, ChooseCriSocket(options_.socket_path));
    SetClient(std::make_shared<CriClient>(path));
    const absl::StatusOr<std::string> runtime = client_->Connect(options_.call_timeout);
    return runtime.ok() ? absl::OkStatus() : base::Annotate(runtime.status(), path);
  }

  // Once for each kind of error, and when it is over.
  void Tell(const absl::Status& status) {
    if (told_ == status.code()) {
      return;
    }
    told_ = status.code();
    if (status.ok()) {
      spdlog::info("pods come from the container runtime: {} known", store_.snapshot()->pods().size());
    } else {
      spdlog::warn("container runtime: {}; trying again, known pods stay known", base::Message(status));
    }
  }

  void SetClient(std::shared_ptr<CriClient> client) {
    absl::MutexLock lock(&mutex_);
    client_ = std::move(client);
    if (client_ != nullptr && stop_.is_stopped()) {
      client_->Cancel();
    }
  }

  const CriSourceOptions options_;
  const MetadataFilter filter_;
  metrics::Counters* const counters_;
  PodStore store_;
  StopSignal stop_;
  std::optional<absl::StatusCode> told_;  // how it is, as far as it was said; source's thread
  absl::Mutex mutex_;
  // Written by the source's thread under the mutex, read by it without; the destructor reads it under the mutex.
  std::shared_ptr<CriClient> client_;
  std::thread thread_;  // uses everything above
  std::optional<CriEvents> events_;
};

}  // namespace

std::unique_ptr<PodSource> StartCriSource(CriSourceOptions options, MetadataFilter filter, metrics::Counters* counters,
                                          PodsChanged on_change) {
  return std::make_unique<CriSource>(std::move(options), std::move(filter), counters, std::move(on_change));
}

}  // namespace nodespan::k8s
