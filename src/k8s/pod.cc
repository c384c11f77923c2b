// SPDX-License-Identifier: Apache-2.0
#include "k8s/pod.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"

namespace nodespan::k8s {
namespace {

// Switches of tracing, identity of the service (SPEC section 3.7), and what tells the owner without the API server.
constexpr std::array<std::string_view, 13> kLabels = {
    "nodespan.io/trace",
    "app.kubernetes.io/component",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/name",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
};

constexpr std::array<std::string_view, 2> kAnnotationPrefixes = {
    "resource.opentelemetry.io/",
    "instrumentation.opentelemetry.io/",
};

void AddBounded(StringMap& map, std::string_view key, std::string_view value, size_t max_entries) {
  std::string name = Identifier(key);
  if (!name.empty() && value.size() <= kMaxMetadataValueBytes && (map.size() < max_entries || map.contains(name))) {
    map[std::move(name)] = std::string(value);
  }
}

}  // namespace

MetadataFilter::MetadataFilter(std::vector<std::string> selector_keys) : selector_keys_(std::move(selector_keys)) {}

bool MetadataFilter::KeepsLabel(std::string_view key) const {
  return std::find(kLabels.begin(), kLabels.end(), key) != kLabels.end() ||
         std::find(selector_keys_.begin(), selector_keys_.end(), key) != selector_keys_.end();
}

void MetadataFilter::AddLabel(Pod& pod, std::string_view key, std::string_view value) const {
  if (KeepsLabel(key)) {
    AddBounded(pod.labels, key, value, kMaxLabelsPerPod);
  }
}

void MetadataFilter::AddAnnotation(Pod& pod, std::string_view key, std::string_view value) const {
  if (std::any_of(kAnnotationPrefixes.begin(), kAnnotationPrefixes.end(),
                  [key](std::string_view prefix) { return key.starts_with(prefix); })) {
    AddBounded(pod.annotations, key, value, kMaxAnnotationsPerPod);
  }
}

std::string Identifier(std::string_view text, size_t max_bytes) {
  const bool has_control = std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  return text.size() > max_bytes || has_control || !base::IsValidUtf8(text) ? std::string() : std::string(text);
}

std::string_view FindValue(const StringMap& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t start = text.find_first_not_of(kBlanks);
  return start == std::string_view::npos ? std::string_view()
                                         : text.substr(start, text.find_last_not_of(kBlanks) - start + 1);
}

absl::Status CheckPod(const Pod& pod) {
  if (pod.uid.empty() || pod.name.empty() || pod.namespace_name.empty()) {
    return absl::DataLossError("a pod without uid, name or namespace, or with one that is no name");
  }
  return absl::OkStatus();
}

size_t EstimateBytes(const Pod& pod) {
  // A string of its own, a node of a map: measured on 64-bit glibc.
  constexpr size_t kPerString = 48;
  constexpr size_t kPerEntry = 2 * kPerString + 48;
  size_t bytes = sizeof(Pod) + pod.uid.size() + pod.name.size() + pod.namespace_name.size() + pod.node_name.size() +
                 pod.config_hash.size() + pod.ip.size() + pod.namespace_inject_go.size();
  if (pod.owner) {
    bytes += pod.owner->kind.size() + pod.owner->name.size() + pod.owner->uid.size();
  }
  for (const StringMap* map : {&pod.labels, &pod.annotations}) {
    for (const auto& [key, value] : *map) {
      bytes += kPerEntry + key.size() + value.size();
    }
  }
  for (const Container& container : pod.containers) {
    bytes += sizeof(Container) + container.name.size() + container.id.size() + container.runtime.size() +
             container.image.size() + container.image_id.size();
  }
  return bytes;
}

}  // namespace nodespan::k8s
