// SPDX-License-Identifier: Apache-2.0
#include "k8s/pod_json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/time/time.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "k8s/json_access.h"

namespace nodespan::k8s {
namespace {

// Members that are never looked at, by how deep they stand in a pod: {"spec": {"volumes": ...}} is 2,
// {"spec": {"containers": [{"env": ...}]}} is 4. Labels and annotations are at 3 and can have any name.
struct Unused {
  int depth;
  std::string_view name;
};
constexpr std::array<Unused, 16> kUnused = {{{2, "managedFields"},
                                             {2, "volumes"},
                                             {2, "affinity"},
                                             {2, "tolerations"},
                                             {2, "topologySpreadConstraints"},
                                             {2, "conditions"},
                                             {4, "env"},
                                             {4, "envFrom"},
                                             {4, "args"},
                                             {4, "command"},
                                             {4, "volumeMounts"},
                                             {4, "resources"},
                                             {4, "livenessProbe"},
                                             {4, "readinessProbe"},
                                             {4, "startupProbe"},
                                             {4, "lastState"}}};

// `pod_depth`: of the pod in the text, 0 when the text is the pod.
Json ParseWithoutUnused(std::string_view text, int pod_depth) {
  const auto keeps = [pod_depth](int depth, Json::parse_event_t event, Json& parsed) {
    return event != Json::parse_event_t::key || std::none_of(kUnused.begin(), kUnused.end(), [&](const Unused& unused) {
             return depth == unused.depth + pod_depth && parsed.get_ref<const std::string&>() == unused.name;
           });
  };
  return Json::parse(text, keeps, /*allow_exceptions=*/false);
}

template <typename Visit>
void ForEachElement(const Json& array, Visit visit) {
  if (array.is_array()) {
    for (const Json& element : array) {
      visit(element);
    }
  }
}

template <typename Visit>
void ForEachText(const Json& object, Visit visit) {
  if (object.is_object()) {
    for (const auto& [key, value] : object.items()) {
      if (const auto* text = value.template get_ptr<const std::string*>(); text != nullptr) {
        visit(key, *text);
      }
    }
  }
}

void ReadContainers(const Json& specs, ContainerKind kind, Pod& pod) {
  ForEachElement(specs, [&](const Json& spec) {
    std::string name = Identifier(Text(spec, "name"));
    if (!name.empty() && pod.containers.size() < kMaxContainersPerPod) {
      pod.containers.push_back({.name = std::move(name),
                                .id = {},
                                .runtime = {},
                                .image = Identifier(Text(spec, "image"), kMaxImageBytes),
                                .image_id = {},
                                .kind = kind,
                                .restart_count = {}});
    }
  });
}

// The status of containers that are in the spec. A containerID is "containerd://<id>", empty while there is none.
void ReadStatuses(const Json& statuses, ContainerKind kind, Pod& pod) {
  ForEachElement(statuses, [&](const Json& status) {
    const std::string_view name = Text(status, "name");
    const auto container = std::find_if(pod.containers.begin(), pod.containers.end(), [&](const Container& known) {
      return known.kind == kind && known.name == name;
    });
    if (container == pod.containers.end()) {
      return;
    }
    constexpr std::string_view kScheme = "://";
    const std::string_view id = Text(status, "containerID");
    if (const size_t scheme = id.find(kScheme); scheme != std::string_view::npos) {
      container->runtime = Identifier(id.substr(0, scheme));
      container->id = Identifier(id.substr(scheme + kScheme.size()));
    }
    container->image_id = Identifier(Text(status, "imageID"), kMaxImageBytes);
    if (const Json& count = Member(status, "restartCount"); count.is_number_unsigned()) {
      container->restart_count = static_cast<uint32_t>(std::min(count.get<uint64_t>(), uint64_t{UINT32_MAX}));
    }
  });
}

std::optional<Owner> ReadOwner(const Json& references) {
  std::optional<Owner> owner;
  ForEachElement(references, [&](const Json& reference) {
    const Json& is_controller = Member(reference, "controller");
    std::string name = Identifier(Text(reference, "name"));
    if (!owner && !name.empty() && is_controller.is_boolean() && is_controller.get<bool>()) {
      owner = {.kind = Identifier(Text(reference, "kind")),
               .name = std::move(name),
               .uid = Identifier(Text(reference, "uid"))};
    }
  });
  return owner;
}

absl::StatusOr<ApiPod> ReadPod(const Json& json, const MetadataFilter& filter) {
  ApiPod result;
  Pod& pod = result.pod;
  const Json& metadata = Member(json, "metadata");
  pod.uid = Identifier(Text(metadata, "uid"));
  pod.name = Identifier(Text(metadata, "name"));
  pod.namespace_name = Identifier(Text(metadata, "namespace"));
  NODESPAN_RETURN_IF_ERROR(CheckPod(pod));
  ForEachText(Member(metadata, "labels"),
              [&](std::string_view key, std::string_view value) { filter.AddLabel(pod, key, value); });
  const Json& annotations = Member(metadata, "annotations");
  ForEachText(annotations,
              [&](std::string_view key, std::string_view value) { filter.AddAnnotation(pod, key, value); });
  pod.config_hash = Identifier(Text(annotations, "kubernetes.io/config.hash"));
  pod.has_owners = true;
  pod.owner = ReadOwner(Member(metadata, "ownerReferences"));

  const Json& spec = Member(json, "spec");
  pod.node_name = Identifier(Text(spec, "nodeName"));
  pod.has_all_containers = true;
  ReadContainers(Member(spec, "containers"), ContainerKind::kRegular, pod);
  ReadContainers(Member(spec, "initContainers"), ContainerKind::kInit, pod);
  ReadContainers(Member(spec, "ephemeralContainers"), ContainerKind::kEphemeral, pod);

  const Json& status = Member(json, "status");
  ReadStatuses(Member(status, "containerStatuses"), ContainerKind::kRegular, pod);
  ReadStatuses(Member(status, "initContainerStatuses"), ContainerKind::kInit, pod);
  ReadStatuses(Member(status, "ephemeralContainerStatuses"), ContainerKind::kEphemeral, pod);
  pod.ip = Identifier(Text(status, "podIP"));
  absl::Time start_time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, base::ToAbsl(Text(status, "startTime")), &start_time, &error)) {
    pod.start_time = start_time;
  }
  const std::string_view phase = Text(status, "phase");
  result.has_ended = phase == "Succeeded" || phase == "Failed";
  return result;
}

}  // namespace

absl::StatusOr<ApiPod> ParsePod(std::string_view json, const MetadataFilter& filter) {
  return ReadPod(ParseWithoutUnused(json, 0), filter);
}

absl::StatusOr<PodEvent> ParsePodEvent(std::string_view line, const MetadataFilter& filter) {
  const Json json = ParseWithoutUnused(line, 1);
  PodEvent result;
  NODESPAN_ASSIGN_OR_RETURN(result.event, ReadWatchEvent(json));
  if (result.event.has_object()) {
    NODESPAN_ASSIGN_OR_RETURN(result.pod, ReadPod(Member(json, "object"), filter));
  }
  return result;
}

}  // namespace nodespan::k8s
