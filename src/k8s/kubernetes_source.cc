// SPDX-License-Identifier: Apache-2.0
#include "k8s/kubernetes_source.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"
#include "fmt/format.h"
#include "k8s/pod_store.h"
#include "k8s/watched_instrumentations.h"
#include "k8s/watched_pods.h"

namespace nodespan::k8s {
namespace {

using metrics::Counter;

// DNS subdomain, which is what names of nodes are: fit for a URL as it is.
bool IsNodeName(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

ApiWatchOptions OfPods(const KubernetesSourceOptions& options) {
  return {.thread_name = "ns-pods",
          .path = fmt::format("/api/v1/pods?fieldSelector=spec.nodeName%3D{}", options.node_name),
          .times = options.times,
          .lists = Counter::kPodLists,
          .errors = Counter::kPodSourceErrors,
          .malformed = Counter::kPodsMalformed};
}

ApiWatchOptions OfNamespaces(const KubernetesSourceOptions& options) {
  ApiWatchOptions watch = {.thread_name = "ns-namespaces",
                           .path = "/api/v1/namespaces",
                           .times = options.times,
                           .lists = Counter::kNamespaceLists,
                           .errors = Counter::kNamespaceErrors,
                           .malformed = Counter::kNamespacesMalformed};
  watch.times.max_refused_wait = options.max_refused_wait;
  return watch;
}

ApiWatchOptions OfInstrumentations(const KubernetesSourceOptions& options) {
  ApiWatchOptions watch = {.thread_name = "ns-instrument",
                           .path = WatchedInstrumentations::kPath,
                           .times = options.times,
                           .lists = Counter::kInstrumentationLists,
                           .errors = Counter::kInstrumentationErrors,
                           .malformed = Counter::kInstrumentationsMalformed};
  watch.times.max_refused_wait = options.max_refused_wait;
  return watch;
}

class KubernetesSource final : public PodSource {
 public:
  struct Clients {
    std::unique_ptr<ApiClient> pods;
    std::unique_ptr<ApiClient> namespaces;
    std::unique_ptr<ApiClient> instrumentations;
  };

  KubernetesSource(const KubernetesSourceOptions& options, Clients clients, MetadataFilter filter,
                   metrics::Counters* counters, PodsChanged on_change)
      : store_(counters, std::move(on_change)),
        pods_(options.node_name, std::move(filter), &store_),
        namespaces_(&store_, counters),
        instrumentations_(options.workload_variables, &store_, counters),
        pod_watch_(OfPods(options), std::move(clients.pods), &pods_, counters),
        namespace_watch_(OfNamespaces(options), std::move(clients.namespaces), &namespaces_, counters),
        instrumentation_watch_(OfInstrumentations(options), std::move(clients.instrumentations), &instrumentations_,
                               counters) {}

  std::string_view name() const override { return "kubernetes"; }
  std::shared_ptr<const PodSnapshot> snapshot() const override { return store_.snapshot(); }
  bool is_synced() const override { return store_.is_synced(); }

 private:
  PodStore store_;
  WatchedPods pods_;
  WatchedNamespaces namespaces_;
  WatchedInstrumentations instrumentations_;
  // Last: their threads use everything above. Three, because each waits for an answer all the time.
  ApiWatch pod_watch_;
  ApiWatch namespace_watch_;
  ApiWatch instrumentation_watch_;
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

absl::StatusOr<std::unique_ptr<PodSource>> StartKubernetesSource(const KubernetesSourceOptions& options,
                                                                 MetadataFilter filter, metrics::Counters* counters,
                                                                 PodsChanged on_change) {
  if (!IsNodeName(options.node_name)) {
    return absl::InvalidArgumentError(
        "the name of this node is not known: set NODE_NAME from spec.nodeName (downward API), or --node-name");
  }
  KubernetesSource::Clients clients;
  NODESPAN_ASSIGN_OR_RETURN(clients.pods, ApiClient::Create(options.server));
  NODESPAN_ASSIGN_OR_RETURN(clients.namespaces, ApiClient::Create(options.server));
  NODESPAN_ASSIGN_OR_RETURN(clients.instrumentations, ApiClient::Create(options.server));
  return std::make_unique<KubernetesSource>(options, std::move(clients), std::move(filter), counters,
                                            std::move(on_change));
}

}  // namespace nodespan::k8s
