// SPDX-License-Identifier: Apache-2.0
#include "discovery/pod_selection.h"

#include <algorithm>
#include <array>
#include <optional>

#include "fmt/format.h"
#include "k8s/image_reference.h"
#include "k8s/inject_go.h"

namespace nodespan::discovery {
namespace {

using k8s::Container;
using Asking = k8s::InjectGo::Asking;
using k8s::FindValue;
using k8s::Pod;
using k8s::Trim;

constexpr std::string_view kTraceLabel = "nodespan.io/trace";
constexpr std::string_view kDisabled = "disabled";

constexpr std::string_view kTargetExe = "instrumentation.opentelemetry.io/otel-go-auto-target-exe";
// The first that is there counts.
constexpr std::array<std::string_view, 2> kContainerNames = {"instrumentation.opentelemetry.io/go-container-names",
                                                             "instrumentation.opentelemetry.io/container-names"};

// Of the operator and of the manifests in its documentation.
constexpr std::array<std::string_view, 2> kSidecarNames = {"opentelemetry-auto-instrumentation",
                                                           "opentelemetry-auto-instrumentation-go"};
constexpr std::string_view kSidecarImage = "autoinstrumentation-go";

// Beginnings of the names of images and executables of the OpenTelemetry Collector and its distributions.
constexpr std::array<std::string_view, 2> kCollectorNames = {"opentelemetry-collector", "otelcol"};
// As the operator and the collector's chart label their pods.
constexpr std::array<std::string_view, 2> kCollectorLabels = {"app.kubernetes.io/component", "app.kubernetes.io/name"};

std::string_view LastPart(std::string_view path) { return path.substr(path.rfind('/') + 1); }

template <typename Names>
bool Contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsCollectorName(std::string_view name) {
  return std::any_of(kCollectorNames.begin(), kCollectorNames.end(),
                     [name](std::string_view start) { return name.starts_with(start); });
}

std::string ImageName(const Container& container) {
  return std::string(LastPart(k8s::ParseImageReference(container.image).name));
}

const Container* FindSidecar(const Pod& pod) {
  const auto found = std::find_if(pod.containers.begin(), pod.containers.end(), [](const Container& container) {
    return Contains(kSidecarNames, container.name) || ImageName(container) == kSidecarImage;
  });
  return found == pod.containers.end() ? nullptr : &*found;
}

bool IsCollector(const k8s::ContainerRef& ref, std::string_view exe_path) {
  return IsCollectorName(LastPart(exe_path)) ||
         (ref.container != nullptr && IsCollectorName(ImageName(*ref.container))) ||
         std::any_of(kCollectorLabels.begin(), kCollectorLabels.end(), [&ref](std::string_view label) {
           return FindValue(ref.pod->labels, label) == kCollectorNames.front();
         });
}

bool IsListed(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    if (Trim(list.substr(0, comma)) == name) {
      return true;
    }
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return false;
}

// The annotation that keeps the process of a pod which asks for tracing out of it.
std::optional<std::string_view> FindRestriction(const k8s::ContainerRef& ref, std::string_view exe_path) {
  for (const std::string_view annotation : kContainerNames) {
    const std::string_view names = FindValue(ref.pod->annotations, annotation);
    if (names.empty()) {
      continue;
    }
    if (ref.container == nullptr || !IsListed(names, ref.container->name)) {
      return annotation;
    }
    break;
  }
  const std::string_view exe = Trim(FindValue(ref.pod->annotations, kTargetExe));
  return exe.empty() || exe == exe_path ? std::nullopt : std::optional(kTargetExe);
}

}  // namespace

bool PodSelection::IsInNamespaces(const Pod& pod) const {
  return (options_.namespaces.empty() || Contains(options_.namespaces, pod.namespace_name)) &&
         !Contains(options_.exclude_namespaces, pod.namespace_name);
}

PodDecision PodSelection::Decide(const k8s::ContainerRef& ref, std::string_view exe_path) const {
  const Pod& pod = *ref.pod;
  const auto because = [&pod](PodVerdict verdict, std::string_view reason) {
    return PodDecision{verdict, fmt::format("pod {}/{} {}", pod.namespace_name, pod.name, reason)};
  };
  if (FindValue(pod.labels, kTraceLabel) == kDisabled) {
    return because(PodVerdict::kDisabled, "has the label nodespan.io/trace=disabled");
  }
  if (!options_.own_pod_uid.empty() && pod.uid == options_.own_pod_uid) {
    return because(PodVerdict::kLeftAlone, "is nodespan's own");
  }
  if (const Container* sidecar = FindSidecar(pod); sidecar != nullptr) {
    return because(PodVerdict::kLeftAlone,
                   fmt::format("has the operator's sidecar {}, which traces it already", sidecar->name));
  }
  if (IsCollector(ref, exe_path)) {
    return because(PodVerdict::kLeftAlone, "is an OpenTelemetry Collector");
  }
  if (!IsInNamespaces(pod)) {
    return because(PodVerdict::kNotSelected, "is in a namespace that is left out");
  }
  const bool is_labelled = options_.selector.Matches(pod.labels);
  const Asking asking = k8s::ReadInjectGo(pod, pod.namespace_inject_go).asking;
  if (!is_labelled && asking == Asking::kNobody) {
    return because(PodVerdict::kNotSelected, "does not match the pod selector");
  }
  if (const std::optional<std::string_view> annotation = FindRestriction(ref, exe_path); annotation) {
    return because(PodVerdict::kNotSelected, fmt::format("asks for another process by {}", *annotation));
  }
  return because(PodVerdict::kSelected, is_labelled              ? "matches the pod selector"
                                        : asking == Asking::kPod ? "has the annotation inject-go"
                                                                 : "is in a namespace with the annotation inject-go");
}

}  // namespace nodespan::discovery
