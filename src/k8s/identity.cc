// SPDX-License-Identifier: Apache-2.0
#include "k8s/identity.h"

#include <string_view>

#include "absl/time/time.h"
#include "fmt/format.h"
#include "k8s/image_reference.h"
#include "k8s/instrumentation.h"
#include "k8s/workload.h"

namespace nodespan::k8s {
namespace {

constexpr std::string_view kResourcePrefix = "resource.opentelemetry.io/";
constexpr std::string_view kServiceName = "service.name";

class AttributeList {
 public:
  // Nothing when `text` is empty, which means unknown.
  void AddKnown(std::string key, std::string_view text) {
    if (!text.empty()) {
      list_.push_back({std::move(key), std::string(text)});
    }
  }
  void Add(std::string key, model::AttributeValue value) { list_.push_back({std::move(key), std::move(value)}); }
  std::vector<model::ResourceAttribute> Take() { return std::move(list_); }

 private:
  std::vector<model::ResourceAttribute> list_;
};

std::string ServiceName(const Pod& pod, const std::vector<Workload>& workloads, bool uses_labels) {
  if (const std::string_view stated = FindValue(pod.annotations, "resource.opentelemetry.io/service.name");
      !stated.empty()) {
    return std::string(stated);
  }
  if (uses_labels) {
    for (const std::string_view label : {"app.kubernetes.io/instance", "app.kubernetes.io/name"}) {
      if (const std::string_view value = FindValue(pod.labels, label); !value.empty()) {
        return std::string(value);
      }
    }
  }
  return workloads.empty() ? pod.name : workloads.front().name;
}

std::string ServiceVersion(const ContainerRef& ref, bool uses_labels) {
  if (const std::string_view label = FindValue(ref.pod->labels, "app.kubernetes.io/version");
      uses_labels && !label.empty()) {
    return std::string(label);
  }
  // A bare id says which image it is, but is not the version of anything.
  const ImageReference image = ParseImageReference(ref.container == nullptr ? "" : ref.container->image);
  return image.name.empty() ? std::string() : image.Version();
}

void AddPod(const Pod& pod, const std::vector<Workload>& workloads, std::string_view node_name, AttributeList& list) {
  list.AddKnown("k8s.namespace.name", pod.namespace_name);
  list.AddKnown("k8s.pod.name", pod.name);
  list.AddKnown("k8s.pod.uid", pod.uid);
  list.AddKnown("k8s.pod.ip", pod.ip);
  if (pod.start_time) {
    list.Add("k8s.pod.start_time", absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", *pod.start_time, absl::UTCTimeZone()));
  }
  list.AddKnown("k8s.node.name", pod.node_name.empty() ? node_name : pod.node_name);
  for (const Workload& workload : workloads) {
    list.AddKnown(fmt::format("k8s.{}.name", workload.kind), workload.name);
    list.AddKnown(fmt::format("k8s.{}.uid", workload.kind), workload.uid);
  }
}

void AddContainer(const Container& container, AttributeList& list) {
  list.AddKnown("k8s.container.name", container.name);
  if (container.restart_count) {
    list.Add("k8s.container.restart_count", int64_t{*container.restart_count});
  }
  list.AddKnown("container.name", container.name);
  list.AddKnown("container.runtime.name", container.runtime);
  const ImageReference image = ParseImageReference(container.image);
  list.AddKnown("container.image.name", image.name);
  if (!image.tag.empty()) {
    list.Add("container.image.tags", std::vector<std::string>{image.tag});
  }
  // Runtimes differ in what they call the id of an image: that of its configuration, or where it was pulled from.
  const ImageReference id = ParseImageReference(container.image_id);
  if (id.name.empty()) {
    list.AddKnown("container.image.id", id.digest);
  } else if (!id.digest.empty()) {
    list.Add("container.image.repo_digests", std::vector<std::string>{fmt::format("{}@{}", id.name, id.digest)});
  }
}

}  // namespace

WorkloadIdentity DescribeWorkload(const ContainerRef& ref, const std::string& container_id,
                                  const IdentityOptions& options) {
  const Pod& pod = *ref.pod;
  const std::vector<Workload> workloads = FindWorkloads(pod);
  const Instrumentation* instrumentation = pod.instrumentation.get();
  const bool uses_labels =
      instrumentation == nullptr ? options.uses_labels : instrumentation->uses_labels.value_or(options.uses_labels);
  WorkloadIdentity identity;
  identity.service_name = ServiceName(pod, workloads, uses_labels);
  if (instrumentation != nullptr) {
    identity.defaults.assign(instrumentation->resource_attributes.begin(), instrumentation->resource_attributes.end());
  }
  for (const auto& [key, value] : pod.annotations) {
    if (key.starts_with(kResourcePrefix)) {
      std::string attribute = key.substr(kResourcePrefix.size());
      if (!attribute.empty() && attribute != kServiceName) {
        identity.stated.emplace_back(std::move(attribute), value);
      }
    }
  }
  AttributeList list;
  list.AddKnown("service.namespace", pod.namespace_name);
  list.AddKnown("service.version", ServiceVersion(ref, uses_labels));
  if (ref.container != nullptr) {
    list.Add("service.instance.id", fmt::format("{}.{}.{}{}{}", pod.namespace_name, pod.name, ref.container->name,
                                                options.instance_suffix.empty() ? "" : ".", options.instance_suffix));
  }
  AddPod(pod, workloads, options.node_name, list);
  list.AddKnown("container.id", container_id);
  if (ref.container != nullptr) {
    AddContainer(*ref.container, list);
  }
  identity.detected = list.Take();
  return identity;
}

}  // namespace nodespan::k8s
