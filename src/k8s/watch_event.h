// SPDX-License-Identifier: Apache-2.0
// What lists and watches of the API server have in common, whatever kind of objects they are about. Foreign bytes;
// pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"

namespace nodespan::k8s {

// An event of a watch without its object.
struct WatchEvent {
  enum class Type { kPut, kDeleted, kBookmark, kError };
  Type type = Type::kPut;
  std::string resource_version;  // but for kError: where a later watch can go on
  int code = 0;                  // kError: as of HTTP; 410 when the version asked for is gone
  std::string message;           // kError: one line

  bool has_object() const { return type == Type::kPut || type == Type::kDeleted; }
};

// kDataLoss: it is no event that we know. The object is the member `object`, and is not looked at.
absl::StatusOr<WatchEvent> ReadWatchEvent(const nlohmann::json& json);

// metadata.resourceVersion of a list, from the text of its member `metadata`; empty when it is not there.
std::string ParseListVersion(std::string_view metadata_json);

}  // namespace nodespan::k8s
