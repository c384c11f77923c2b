// SPDX-License-Identifier: Apache-2.0
#include "events/captured_headers.h"

#include <cstring>

#include "events/record_fields.h"

namespace nodespan::events {

absl::Status CapturedHeaders::Check(const EventString& captured) {
  std::string_view bytes = captured.text;
  while (!bytes.empty()) {
    ns_captured_item item;
    if (bytes.size() < sizeof(item)) {
      return Malformed("captured headers: {} bytes behind the last one", bytes.size());
    }
    std::memcpy(&item, bytes.data(), sizeof(item));
    bytes.remove_prefix(sizeof(item));
    if (item.name >= NS_CAPTURED_NAMES) {
      return Malformed("captured headers: name {}", item.name);
    }
    if (item.value_bytes > bytes.size()) {
      return Malformed("captured headers: a value of {} bytes, {} are there", item.value_bytes, bytes.size());
    }
    bytes.remove_prefix(item.value_bytes);
  }
  return absl::OkStatus();
}

std::optional<CapturedHeader> CapturedHeaders::Next() {
  ns_captured_item item;
  if (rest_.size() < sizeof(item)) {
    return std::nullopt;
  }
  std::memcpy(&item, rest_.data(), sizeof(item));
  rest_.remove_prefix(sizeof(item));
  const std::string_view value = rest_.substr(0, item.value_bytes);
  rest_.remove_prefix(value.size());
  return CapturedHeader{.name = item.name, .value = {.text = value, .cut = item.cut != 0}};
}

}  // namespace nodespan::events
