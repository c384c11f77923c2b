// SPDX-License-Identifier: Apache-2.0
// What the events of all libraries are made of. Values: the strings are views into the record they were read from.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nodespan::events {

// The OpenTelemetry entry `ot` of a tracestate: 56-bit numbers (ns_ot_sampling).
struct OtSampling {
  std::optional<uint64_t> threshold;   // th
  std::optional<uint64_t> randomness;  // rv

  bool operator==(const OtSampling&) const = default;
};

// What every operation has: ns_record_header without the parts that only matter for reading.
struct EventHeader {
  uint32_t target_slot = 0;
  uint32_t target_generation = 0;
  uint64_t start_mono_ns = 0;
  uint64_t end_mono_ns = 0;                 // >= start_mono_ns
  std::array<uint8_t, 16> trace_id{};       // Not all zero.
  std::array<uint8_t, 8> span_id{};         // Not all zero.
  std::array<uint8_t, 8> parent_span_id{};  // All zero: root.
  uint8_t trace_flags = 0;
  bool has_remote_parent = false;
  OtSampling ot;
};

// A string of a record, as it was in the traced process: any bytes. Empty when absent.
struct EventString {
  std::string_view text;
  bool cut = false;  // The value was longer than what the record keeps.

  bool empty() const { return text.empty(); }
};

// The address of a socket's other end.
struct SocketAddress {
  std::array<uint8_t, 16> ip{};
  uint8_t ip_bytes = 0;  // 4 or 16
  uint16_t port = 0;
};

}  // namespace nodespan::events
