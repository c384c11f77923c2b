// SPDX-License-Identifier: Apache-2.0
#include "k8s/kubernetes_source.h"

#include <pthread.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "fmt/format.h"
#include "k8s/json_stream.h"
#include "k8s/pod_json.h"
#include "k8s/pod_store.h"
#include "k8s/stop_signal.h"

namespace nodespan::k8s {
namespace {

using metrics::Counter;

// A watch that ends earlier without having told anything is a failure, whatever the server says.
constexpr absl::Duration kShortWatch = absl::Seconds(1);
// The server ends watches by itself; this is for one that does not.
constexpr absl::Duration kWatchGrace = absl::Seconds(30);

// DNS subdomain, which is what names of nodes are: fit for a URL as it is.
bool IsNodeName(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

class KubernetesSource final : public PodSource {
 public:
  KubernetesSource(KubernetesSourceOptions options, std::unique_ptr<ApiClient> client, MetadataFilter filter,
                   metrics::Counters* counters, PodsChanged on_change)
      : options_(std::move(options)),
        client_(std::move(client)),
        filter_(std::move(filter)),
        counters_(counters),
        store_(counters, std::move(on_change)),
        path_(fmt::format("/api/v1/pods?fieldSelector=spec.nodeName%3D{}", options_.node_name)),
        thread_([this] { Run(); }) {
    (void)pthread_setname_np(thread_.native_handle(), "ns-pods");
  }

  ~KubernetesSource() override {
    stop_.Stop();
    client_->Stop();
    thread_.join();
  }

  std::string_view name() const override { return "kubernetes"; }
  std::shared_ptr<const PodSnapshot> snapshot() const override { return store_.snapshot(); }
  bool is_synced() const override { return store_.is_synced(); }

 private:
  void Run() {
    Backoff backoff(options_.backoff, [this] { return absl::Uniform(random_, 0.0, 1.0); });
    while (!stop_.is_stopped()) {
      const absl::Status status = version_ ? Watch(backoff) : List();
      if (stop_.is_stopped()) {
        return;
      }
      Tell(status);
      if (status.ok()) {
        continue;
      }
      if (absl::IsOutOfRange(status)) {
        version_.reset();  // What was missed is not kept any more: list again.
        is_cache_old_ = true;
      } else {
        counters_->Add(Counter::kPodSourceErrors);
        // What the server itself refuses will not get better by going on where it was.
        if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) {
          version_.reset();
        }
      }
      const absl::Duration wait = backoff.Next();
      (void)stop_.Wait(wait, wait);
    }
  }

  absl::Status List() {
    std::vector<Pod> pods;
    std::string version;
    size_t malformed_count = 0;
    ListSplitter splitter(
        [&](std::string_view json) {
          absl::StatusOr<ApiPod> pod = ParsePod(json, filter_);
          if (!pod.ok()) {
            ++malformed_count;
          } else if (!pod->has_ended && pods.size() < 2 * PodStore::kMaxPods) {
            pods.push_back(std::move(pod->pod));
          }
        },
        [&](std::string_view key, std::string_view json) {
          if (key == "metadata") {
            version = ParseListVersion(json);
          }
        });
    const std::string path = is_cache_old_ ? path_ : path_ + "&resourceVersion=0";
    NODESPAN_RETURN_IF_ERROR(
        client_->Get(path, options_.list_timeout, options_.list_stall, [&](std::string_view bytes) {
          splitter.Feed(bytes);
          return true;
        }));
    NODESPAN_RETURN_IF_ERROR(splitter.Finish());
    if (version.empty()) {
      return absl::DataLossError("the list of pods has no version");
    }
    counters_->Add(Counter::kPodLists);
    counters_->Add(Counter::kPodsMalformed, malformed_count + splitter.oversized_count());
    store_.ReplaceAll(std::move(pods));
    version_ = std::move(version);
    is_cache_old_ = false;
    return absl::OkStatus();
  }

  absl::Status Watch(Backoff& backoff) {
    const absl::Duration watch_time = options_.watch_time * absl::Uniform(random_, 1.0, 2.0);
    const absl::Time start = absl::Now();
    size_t event_count = 0;
    bool has_malformed = false;
    std::optional<absl::Status> told_error;
    LineSplitter splitter([&](std::string_view line) {
      absl::StatusOr<WatchEvent> event = ParseWatchEvent(line, filter_);
      if (!event.ok()) {
        counters_->Add(Counter::kPodsMalformed);
        has_malformed = true;
        return;
      }
      ++event_count;
      backoff.Reset();
      if (absl::Status status = Apply(*std::move(event)); !status.ok()) {
        told_error = std::move(status);
      }
    });
    const std::string path = fmt::format("{}&watch=true&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}",
                                         path_, *version_, std::max<int64_t>(1, absl::ToInt64Seconds(watch_time)));
    const absl::Status status =
        client_->Get(path, watch_time + kWatchGrace, absl::ZeroDuration(), [&](std::string_view bytes) {
          splitter.Feed(bytes);
          return !told_error;
        });
    counters_->Add(Counter::kPodsMalformed, splitter.oversized_count());
    if (has_malformed || splitter.oversized_count() > 0) {
      version_.reset();  // Nobody knows what it was about.
    }
    if (told_error) {
      return *told_error;
    }
    NODESPAN_RETURN_IF_ERROR(status);
    if (event_count == 0 && absl::Now() - start < kShortWatch) {
      return absl::UnavailableError("the API server ends the watch at once");
    }
    return absl::OkStatus();
  }

  absl::Status Apply(WatchEvent event) {
    switch (event.type) {
      case WatchEvent::Type::kError:
        return base::MakeStatus(
            event.code == 410 ? absl::StatusCode::kOutOfRange : absl::StatusCode::kFailedPrecondition,
            "the API server ends the watch with {}: {}", event.code, event.message);
      case WatchEvent::Type::kBookmark: break;
      case WatchEvent::Type::kPut:
        if (!event.pod->has_ended) {
          store_.Put(std::move(event.pod->pod));
          break;
        }
        [[fallthrough]];
      case WatchEvent::Type::kDeleted: store_.Remove(event.pod->pod.uid); break;
    }
    if (!event.resource_version.empty()) {
      version_ = std::move(event.resource_version);
    }
    return absl::OkStatus();
  }

  // Once for each kind of error, and when it is over; a version that is gone is everyday life.
  void Tell(const absl::Status& status) {
    if (absl::IsOutOfRange(status) || told_ == status.code()) {
      return;
    }
    told_ = status.code();
    if (status.ok()) {
      spdlog::info("pods come from the API server: {} known on node {}", store_.snapshot()->pods().size(),
                   options_.node_name);
      return;
    }
    const std::string_view help =
        absl::IsPermissionDenied(status) ? " (the service account needs get, list and watch for pods)" : "";
    spdlog::warn("API server: {}{}; trying again, known pods stay known", base::Message(status), help);
  }

  const KubernetesSourceOptions options_;
  const std::unique_ptr<ApiClient> client_;
  const MetadataFilter filter_;
  metrics::Counters* const counters_;
  PodStore store_;
  StopSignal stop_;
  const std::string path_;
  // The source's thread only. No version: the pods are to be listed.
  std::optional<std::string> version_;
  // What the cache of the API server last gave was too old to be watched: the next list is to be what is stored now.
  bool is_cache_old_ = false;
  std::optional<absl::StatusCode> told_;  // how it is, as far as it was said
  absl::BitGen random_;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace

absl::StatusOr<ApiServer> FindApiServer(const std::string& host, const std::string& port,
                                        const std::string& service_account_dir) {
  ApiServer server;
  server.token_file = service_account_dir + "/token";
  server.ca_file = service_account_dir + "/ca.crt";
  std::error_code error;
  if (host.empty() || !std::filesystem::exists(server.token_file, error)) {
    return base::MakeStatus(absl::StatusCode::kNotFound,
                            "not in a pod with a service account: KUBERNETES_SERVICE_HOST or {} is missing",
                            server.token_file);
  }
  const bool is_ipv6 = host.find(':') != std::string::npos;
  server.base_url =
      fmt::format(fmt::runtime(is_ipv6 ? "https://[{}]:{}" : "https://{}:{}"), host, port.empty() ? "443" : port);
  return server;
}

absl::StatusOr<std::unique_ptr<PodSource>> StartKubernetesSource(KubernetesSourceOptions options, MetadataFilter filter,
                                                                 metrics::Counters* counters, PodsChanged on_change) {
  if (!IsNodeName(options.node_name)) {
    return absl::InvalidArgumentError(
        "the name of this node is not known: set NODE_NAME from spec.nodeName (downward API), or --node-name");
  }
  NODESPAN_ASSIGN_OR_RETURN(std::unique_ptr<ApiClient> client, ApiClient::Create(options.server));
  return std::make_unique<KubernetesSource>(std::move(options), std::move(client), std::move(filter), counters,
                                            std::move(on_change));
}

}  // namespace nodespan::k8s
