// SPDX-License-Identifier: Apache-2.0
#include "daemon/pod_sources.h"

#include <optional>
#include <span>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"
#include "config/command_line.h"
#include "config/target_options.h"
#include "k8s/cri_client.h"
#include "k8s/cri_socket.h"
#include "k8s/cri_source.h"
#include "k8s/kubernetes_source.h"

namespace nodespan::daemon {
namespace {

using config::PodSourceKind;

constexpr absl::Duration kRuntimePatience = absl::Seconds(2);

absl::StatusOr<k8s::ApiServer> FindApiServer(const config::PodOptions& options) {
  return k8s::FindApiServer(options.api_host, options.api_port, options.service_account_dir);
}

PodSourceKind FindPodSource(const config::PodOptions& options) {
  if (options.source != PodSourceKind::kAuto) {
    return options.source;
  }
  if (FindApiServer(options).ok()) {
    return PodSourceKind::kKubernetes;
  }
  const std::string_view named[] = {options.cri_socket};
  const std::optional<std::string> socket =
      k8s::FindCriSocket(options.cri_socket.empty() ? k8s::CriSockets() : std::span(named));
  // Docker's containerd has the socket and does not speak the interface.
  const bool has_runtime = socket && k8s::CriClient(*socket).Connect(kRuntimePatience).ok();
  return has_runtime ? PodSourceKind::kCri : PodSourceKind::kNone;
}

}  // namespace

absl::StatusOr<PodSourceKind> ResolvePodSource(const config::Config& config) {
  const PodSourceKind source = FindPodSource(config.pods);
  if (source == PodSourceKind::kNone && config.selection.empty()) {
    return config::NothingSelectedError();
  }
  return source;
}

absl::StatusOr<k8s::LabelSelector> ParsePodSelector(const config::PodOptions& options) {
  absl::StatusOr<k8s::LabelSelector> selector = k8s::LabelSelector::Parse(options.selector);
  if (!selector.ok()) {
    return base::Annotate(selector.status(), "--pod-selector (or NODESPAN_POD_SELECTOR)");
  }
  return selector;
}

absl::StatusOr<std::unique_ptr<k8s::PodSource>> StartPodSource(const config::PodOptions& options,
                                                               const k8s::LabelSelector& selector,
                                                               metrics::Counters* counters,
                                                               k8s::PodsChanged on_change) {
  k8s::MetadataFilter filter(selector.keys());
  switch (options.source) {
    case PodSourceKind::kKubernetes: {
      absl::StatusOr<k8s::ApiServer> server = FindApiServer(options);
      if (!server.ok()) {
        return base::MakeStatus(absl::StatusCode::kFailedPrecondition, "--pod-source=kubernetes: {}",
                                base::Message(server.status()));
      }
      k8s::KubernetesSourceOptions source_options;
      source_options.server = *std::move(server);
      source_options.node_name = options.node_name;
      source_options.workload_variables = config::TargetVariables();
      return k8s::StartKubernetesSource(source_options, std::move(filter), counters, std::move(on_change));
    }
    case PodSourceKind::kCri: {
      k8s::CriSourceOptions source_options;
      source_options.socket_path = options.cri_socket;
      source_options.listens_to_events = options.cri_events;
      return k8s::StartCriSource(std::move(source_options), std::move(filter), counters, std::move(on_change));
    }
    case PodSourceKind::kAuto:
    case PodSourceKind::kNone: break;
  }
  return nullptr;
}

}  // namespace nodespan::daemon
