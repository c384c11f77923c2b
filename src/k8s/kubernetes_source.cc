// SPDX-License-Identifier: Apache-2.0
#include "k8s/kubernetes_source.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"
#include "fmt/format.h"
#include "k8s/pod_store.h"
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

class KubernetesSource final : public PodSource {
 public:
  KubernetesSource(const KubernetesSourceOptions& options, std::unique_ptr<ApiClient> client, MetadataFilter filter,
                   metrics::Counters* counters, PodsChanged on_change)
      : store_(counters, std::move(on_change)),
        pods_(options.node_name, std::move(filter), &store_),
        pod_watch_(OfPods(options), std::move(client), &pods_, counters) {}

  std::string_view name() const override { return "kubernetes"; }
  std::shared_ptr<const PodSnapshot> snapshot() const override { return store_.snapshot(); }
  bool is_synced() const override { return store_.is_synced(); }

 private:
  PodStore store_;
  WatchedPods pods_;
  ApiWatch pod_watch_;  // last: its thread uses everything above
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
  NODESPAN_ASSIGN_OR_RETURN(std::unique_ptr<ApiClient> client, ApiClient::Create(options.server));
  return std::make_unique<KubernetesSource>(options, std::move(client), std::move(filter), counters,
                                            std::move(on_change));
}

}  // namespace nodespan::k8s
