// SPDX-License-Identifier: Apache-2.0
// Ring bytes -> typed events. The only reader of the wire format of bpf/abi/nodespan_abi.h.
//
// Thread: pure functions, any thread. Nothing is copied but numbers: the strings of an event are views into the record
// and die with it. Errors: kDataLoss for a record that is not exactly what the ABI says; the caller counts it as
// records_malformed and goes on with the next one. Foreign memory ends up in records, so no content can crash this.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "bpf/abi/nodespan_abi.h"

namespace nodespan::events {

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
};

enum class HttpOutcome : uint8_t {
  kHandled = NS_HTTP_HANDLED,    // The handler returned; status 0 was answered with 200.
  kPanicked = NS_HTTP_PANICKED,  // The handler did not return; status is what it had sent until then.
  kHijacked = NS_HTTP_HIJACKED,  // The handler took the connection over; what it sent is not known.
};

struct HttpVersion {
  uint8_t major = 0;
  uint8_t minor = 0;

  bool operator==(const HttpVersion&) const = default;
};

// A string of a record, as it was in the traced process: any bytes. Empty when absent.
struct EventString {
  std::string_view text;
  bool cut = false;  // The value was longer than what the record keeps.

  bool empty() const { return text.empty(); }
};

struct HttpServerEvent {
  EventHeader header;
  HttpOutcome outcome = HttpOutcome::kHandled;
  std::optional<uint16_t> status;             // 0 (nothing was written) or 100-999.
  std::optional<int64_t> request_body_bytes;  // Absent, too, when the client did not say.
  std::optional<int64_t> response_body_bytes;
  std::optional<bool> is_tls;
  std::optional<HttpVersion> version;

  EventString method;
  EventString uri;
  EventString host;
  EventString remote_addr;
  EventString user_agent;
  EventString forwarded;
  EventString x_forwarded_for;
  EventString x_forwarded_host;
  EventString x_forwarded_proto;
  EventString tracestate;
  EventString pattern;
};

// The address of a socket's other end.
struct SocketAddress {
  std::array<uint8_t, 16> ip{};
  uint8_t ip_bytes = 0;  // 4 or 16
  uint16_t port = 0;
};

struct HttpClientEvent {
  EventHeader header;
  std::optional<uint16_t> status;            // 100-999
  std::optional<int64_t> request_body_bytes;   // Absent, too, when it is not known.
  std::optional<int64_t> response_body_bytes;  // Likewise.
  std::optional<HttpVersion> version;          // Of the response.
  std::optional<SocketAddress> peer;
  bool failed = false;    // There is an error instead of a response.
  bool panicked = false;  // The attempt ended by a panic or runtime.Goexit.
  std::optional<uint64_t> error_type_vaddr;  // See model/error_types.h.
  uint8_t resend_count = 0;                  // Redirects that led to this request.
  bool has_user_info = false;                // The URL has credentials, which are not here.
  bool path_is_raw = false;                  // The path is as sent; otherwise escapes are decoded.

  EventString method;
  EventString scheme;
  EventString host;  // With the port, if the URL has one.
  EventString opaque;
  EventString path;
  EventString query;
  EventString error;
};

// One alternative per ns_record_type.
using Event = std::variant<HttpServerEvent, HttpClientEvent>;

// What all alternatives have.
const EventHeader& HeaderOf(const Event& event);

// Reads the record at the start of `bytes`. `bytes` may be longer than the record (the ring rounds sizes up), never
// shorter; it needs no alignment.
absl::StatusOr<Event> ReadRecord(std::span<const std::byte> bytes);

}  // namespace nodespan::events
