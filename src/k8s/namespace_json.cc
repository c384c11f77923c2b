// SPDX-License-Identifier: Apache-2.0
#include "k8s/namespace_json.h"

#include <string>
#include <utility>

#include "base/status_macros.h"
#include "k8s/json_access.h"
#include "k8s/pod.h"

namespace nodespan::k8s {
namespace {

absl::StatusOr<Namespace> ReadNamespace(const Json& json) {
  const Json& metadata = Member(json, "metadata");
  Namespace space;
  space.name = Identifier(Text(metadata, "name"));
  if (space.name.empty()) {
    return absl::DataLossError("a namespace without a name, or with one that is no name");
  }
  const std::string_view value = Text(Member(metadata, "annotations"), kInjectGoAnnotation);
  if (value.size() <= kMaxMetadataValueBytes) {  // as for pods
    space.inject_go = std::string(value);
  }
  return space;
}

}  // namespace

absl::StatusOr<Namespace> ParseNamespace(std::string_view json) { return ReadNamespace(ParseJson(json)); }

absl::StatusOr<NamespaceEvent> ParseNamespaceEvent(std::string_view line) {
  const Json json = ParseJson(line);
  NamespaceEvent result;
  NODESPAN_ASSIGN_OR_RETURN(result.event, ReadWatchEvent(json));
  if (result.event.has_object()) {
    NODESPAN_ASSIGN_OR_RETURN(result.space, ReadNamespace(Member(json, "object")));
  }
  if (result.event.type == WatchEvent::Type::kDeleted) {
    result.space.inject_go.clear();
  }
  return result;
}

}  // namespace nodespan::k8s
