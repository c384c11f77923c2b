// SPDX-License-Identifier: Apache-2.0
// The parts that reading any record consists of. Internal to `events`.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "base/errors.h"
#include "bpf/abi/nodespan_abi.h"
#include "events/event_base.h"

namespace nodespan::events {

template <typename... Args>
absl::Status Malformed(fmt::format_string<Args...> format, Args&&... args) {
  return base::MakeStatus(absl::StatusCode::kDataLoss, format, std::forward<Args>(args)...);
}

// How long a string of a record may be, and where it goes; in the order of the record's enumeration.
template <typename EventType>
struct StringField {
  uint16_t max_bytes;
  EventString EventType::*member;
};

// `strings` is what stands behind the fixed part of the record called `name`.
template <typename EventType, size_t N>
absl::Status ReadStrings(std::string_view name, const ns_record_header& header, std::span<const std::byte> strings,
                         const std::array<StringField<EventType>, N>& fields, EventType& event) {
  size_t offset = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    const size_t size = header.string_bytes[i];
    if (size > fields[i].max_bytes) {
      return Malformed("{} record: string {} has {} bytes, at most {} are allowed", name, i, size, fields[i].max_bytes);
    }
    if (size > strings.size() - offset) {
      return Malformed("{} record: string {} ends behind the record", name, i);
    }
    const auto* text = reinterpret_cast<const char*>(strings.data()) + offset;
    event.*fields[i].member = {.text = {text, size}, .cut = (header.strings_cut >> i & 1) != 0};
    offset += size;
  }
  if (offset != strings.size()) {
    return Malformed("{} record: {} bytes behind the last string", name, strings.size() - offset);
  }
  return absl::OkStatus();
}

// The fixed part; kDataLoss when the record is shorter.
template <typename Raw>
absl::Status ReadFixed(std::string_view name, std::span<const std::byte> record, Raw* raw) {
  if (record.size() < sizeof(Raw)) {
    return Malformed("{} record: {} bytes, at least {} expected", name, record.size(), sizeof(Raw));
  }
  std::memcpy(raw, record.data(), sizeof(Raw));
  return absl::OkStatus();
}

}  // namespace nodespan::events
