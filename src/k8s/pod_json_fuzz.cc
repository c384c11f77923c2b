// SPDX-License-Identifier: Apache-2.0
// What an API server may send: a list cut into pieces, pods, namespaces, Instrumentation resources, and lines of a
// watch. No crash, and what comes of it is within its bounds, with identifiers that are fit for a log.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "k8s/identity.h"
#include "k8s/instrumentation_json.h"
#include "k8s/json_stream.h"
#include "k8s/namespace_json.h"
#include "k8s/pod_json.h"

namespace {

using namespace nodespan;

const std::vector<std::string> kVariables = {"OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"};

void Require(bool promise) {
  if (!promise) {
    std::abort();
  }
}

void RequireIdentifier(const std::string& text, size_t max_bytes = k8s::kMaxNameBytes) {
  Require(text.size() <= max_bytes &&
          std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
}

void RequireBounds(const k8s::Pod& pod) {
  Require(k8s::CheckPod(pod).ok());
  for (const std::string* text : {&pod.uid, &pod.name, &pod.namespace_name, &pod.node_name, &pod.ip}) {
    RequireIdentifier(*text);
  }
  Require(pod.containers.size() <= k8s::kMaxContainersPerPod && pod.labels.size() <= k8s::kMaxLabelsPerPod &&
          pod.annotations.size() <= k8s::kMaxAnnotationsPerPod);
  const auto shared = std::make_shared<const k8s::Pod>(pod);
  for (const k8s::Container& container : shared->containers) {
    RequireIdentifier(container.name);
    RequireIdentifier(container.id);
    RequireIdentifier(container.image, k8s::kMaxImageBytes);
    Require(!k8s::DescribeWorkload({shared, &container}, container.id, {}).service_name.empty());
  }
}

void RequireBounds(const k8s::Namespace& space) {
  Require(!space.name.empty() && space.inject_go.size() <= k8s::kMaxMetadataValueBytes);
  RequireIdentifier(space.name);
}

void RequireBounds(const k8s::Instrumentation& instrumentation) {
  Require(!instrumentation.namespace_name.empty() && !instrumentation.name.empty());
  RequireIdentifier(instrumentation.namespace_name);
  RequireIdentifier(instrumentation.name);
  Require(instrumentation.resource_attributes.size() <= k8s::kMaxResourceAttributesPerInstrumentation);
  for (const k8s::StringMap& environment : instrumentation.environments) {
    Require(environment.size() <= kVariables.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const k8s::MetadataFilter filter({"app"});
  const auto check = [&filter](std::string_view json) {
    if (const auto pod = k8s::ParsePod(json, filter); pod.ok()) {
      RequireBounds(pod->pod);
    }
  };
  check(text);
  if (const auto space = k8s::ParseNamespace(text); space.ok()) {
    RequireBounds(*space);
  }
  if (const auto instrumentation = k8s::ParseInstrumentation(text, kVariables); instrumentation.ok()) {
    RequireBounds(*instrumentation);
  }
  k8s::ListSplitter list(check, [](std::string_view, std::string_view json) { (void)k8s::ParseListVersion(json); });
  list.Feed(text.substr(0, size / 2));
  list.Feed(text.substr(size / 2));
  (void)list.Finish();
  k8s::LineSplitter lines([&filter](std::string_view line) {
    if (const auto told = k8s::ParsePodEvent(line, filter); told.ok() && told->pod) {
      RequireBounds(told->pod->pod);
    }
    if (const auto told = k8s::ParseNamespaceEvent(line); told.ok() && told->event.has_object()) {
      RequireBounds(told->space);
    }
    if (const auto told = k8s::ParseInstrumentationEvent(line, kVariables); told.ok() && told->event.has_object()) {
      RequireBounds(told->instrumentation);
    }
  });
  lines.Feed(text);
  lines.Feed("\n");
  return 0;
}
