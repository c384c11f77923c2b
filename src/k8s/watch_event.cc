// SPDX-License-Identifier: Apache-2.0
#include "k8s/watch_event.h"

#include <algorithm>
#include <cstdint>

#include "k8s/json_access.h"
#include "k8s/pod.h"

namespace nodespan::k8s {

absl::StatusOr<WatchEvent> ReadWatchEvent(const Json& json) {
  const std::string_view type = Text(json, "type");
  const Json& object = Member(json, "object");
  WatchEvent event;
  if (type == "ERROR") {
    event.type = WatchEvent::Type::kError;
    const Json& code = Member(object, "code");
    event.code = code.is_number_unsigned() ? static_cast<int>(std::min(code.get<uint64_t>(), uint64_t{999})) : 0;
    event.message = Identifier(Text(object, "message"));
    return event;
  }
  if (type == "BOOKMARK") {
    event.type = WatchEvent::Type::kBookmark;
  } else if (type == "DELETED") {
    event.type = WatchEvent::Type::kDeleted;
  } else if (type != "ADDED" && type != "MODIFIED") {
    return absl::DataLossError("not an event of a watch");
  }
  event.resource_version = Identifier(Text(Member(object, "metadata"), "resourceVersion"));
  return event;
}

std::string ParseListVersion(std::string_view metadata_json) {
  return Identifier(Text(ParseJson(metadata_json), "resourceVersion"));
}

}  // namespace nodespan::k8s
