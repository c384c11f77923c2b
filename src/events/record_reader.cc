// SPDX-License-Identifier: Apache-2.0
#include "events/record_reader.h"

#include <algorithm>
#include <cstring>

#include "absl/utility/utility.h"
#include "base/errors.h"

namespace nodespan::events {
namespace {

// In the order of enum ns_http_string: how long each string may be, and where it goes.
struct HttpStringField {
  uint16_t max_bytes;
  EventString HttpServerEvent::*member;
};

constexpr std::array<HttpStringField, NS_HTTP_STRING_COUNT> kHttpStrings = {{
    {NS_HTTP_MAX_METHOD, &HttpServerEvent::method},
    {NS_HTTP_MAX_URI, &HttpServerEvent::uri},
    {NS_HTTP_MAX_HOST, &HttpServerEvent::host},
    {NS_HTTP_MAX_REMOTE_ADDR, &HttpServerEvent::remote_addr},
    {NS_HTTP_MAX_USER_AGENT, &HttpServerEvent::user_agent},
    {NS_HTTP_MAX_FORWARDED, &HttpServerEvent::forwarded},
    {NS_HTTP_MAX_X_FORWARDED_FOR, &HttpServerEvent::x_forwarded_for},
    {NS_HTTP_MAX_X_FORWARDED_HOST, &HttpServerEvent::x_forwarded_host},
    {NS_HTTP_MAX_X_FORWARDED_PROTO, &HttpServerEvent::x_forwarded_proto},
    {NS_HTTP_MAX_TRACESTATE, &HttpServerEvent::tracestate},
    {NS_HTTP_MAX_PATTERN, &HttpServerEvent::pattern},
}};

template <typename... Args>
absl::Status Malformed(fmt::format_string<Args...> format, Args&&... args) {
  return base::MakeStatus(absl::StatusCode::kDataLoss, format, std::forward<Args>(args)...);
}

template <size_t N>
bool IsZero(const std::array<uint8_t, N>& id) {
  return id == std::array<uint8_t, N>{};
}

absl::StatusOr<EventHeader> ReadHeader(const ns_record_header& raw) {
  EventHeader header;
  header.target_slot = raw.target_slot;
  header.target_generation = raw.target_generation;
  header.start_mono_ns = raw.start_mono_ns;
  // bpf_ktime_get_ns() reads the NMI-safe "fast" clock, which may step back by some nanoseconds between two CPUs while
  // the kernel updates it (kernel/time/timekeeping.c, __ktime_get_fast_ns).
  header.end_mono_ns = std::max(raw.end_mono_ns, raw.start_mono_ns);
  std::memcpy(header.trace_id.data(), raw.trace_id, sizeof(raw.trace_id));
  std::memcpy(header.span_id.data(), raw.span_id, sizeof(raw.span_id));
  std::memcpy(header.parent_span_id.data(), raw.parent_span_id, sizeof(raw.parent_span_id));
  header.trace_flags = raw.trace_flags;
  header.has_remote_parent = (raw.flags & NS_SPAN_REMOTE_PARENT) != 0 && !IsZero(header.parent_span_id);
  if (IsZero(header.trace_id) || IsZero(header.span_id)) {
    return Malformed("record: all-zero trace or span id");
  }
  return header;
}

absl::Status ReadHttpStrings(const ns_http_server_record& raw, std::span<const std::byte> strings,
                             HttpServerEvent& event) {
  size_t offset = 0;
  for (size_t i = 0; i < kHttpStrings.size(); ++i) {
    const size_t size = raw.string_bytes[i];
    if (size > kHttpStrings[i].max_bytes) {
      return Malformed("HTTP server record: string {} has {} bytes, at most {} are allowed", i, size,
                       kHttpStrings[i].max_bytes);
    }
    if (size > strings.size() - offset) {
      return Malformed("HTTP server record: string {} ends behind the record", i);
    }
    const auto* text = reinterpret_cast<const char*>(strings.data()) + offset;
    event.*kHttpStrings[i].member = {.text = {text, size}, .cut = (raw.strings_cut >> i & 1) != 0};
    offset += size;
  }
  if (offset != strings.size()) {
    return Malformed("HTTP server record: {} bytes behind the last string", strings.size() - offset);
  }
  return absl::OkStatus();
}

// `record` is exactly the record: its size is that of the header.
absl::StatusOr<Event> ReadHttpServer(const EventHeader& header, std::span<const std::byte> record) {
  ns_http_server_record raw;
  if (record.size() < sizeof(raw)) {
    return Malformed("HTTP server record: {} bytes, at least {} expected", record.size(), sizeof(raw));
  }
  std::memcpy(&raw, record.data(), sizeof(raw));
  if (raw.outcome < NS_HTTP_HANDLED || raw.outcome > NS_HTTP_HIJACKED) {
    return Malformed("HTTP server record: outcome {}", raw.outcome);
  }
  absl::StatusOr<Event> result(absl::in_place);
  auto& event = std::get<HttpServerEvent>(*result);
  event.header = header;
  event.outcome = static_cast<HttpOutcome>(raw.outcome);
  if ((raw.present & NS_HTTP_HAS_STATUS) != 0) {
    // net/http panics on a code outside 100-999 (server.go, checkWriteHeaderCode), so another value was never a status.
    if (raw.status != 0 && (raw.status < 100 || raw.status > 999)) {
      return Malformed("HTTP server record: status {}", raw.status);
    }
    event.status = raw.status;
  }
  if ((raw.present & NS_HTTP_HAS_REQUEST_BYTES) != 0 && raw.request_body_bytes >= 0) {
    event.request_body_bytes = raw.request_body_bytes;
  }
  if ((raw.present & NS_HTTP_HAS_RESPONSE_BYTES) != 0 && raw.response_body_bytes >= 0) {
    event.response_body_bytes = raw.response_body_bytes;
  }
  if ((raw.present & NS_HTTP_HAS_TLS) != 0) {
    event.is_tls = raw.is_tls != 0;
  }
  if ((raw.present & NS_HTTP_HAS_PROTO) != 0) {
    event.version = HttpVersion{raw.proto_major, raw.proto_minor};
  }
  if (absl::Status status = ReadHttpStrings(raw, record.subspan(sizeof(raw)), event); !status.ok()) {
    return status;
  }
  return result;
}

}  // namespace

absl::StatusOr<Event> ReadRecord(std::span<const std::byte> bytes) {
  ns_record_header raw;
  if (bytes.size() < sizeof(raw)) {
    return Malformed("record: {} bytes, at least {} expected", bytes.size(), sizeof(raw));
  }
  std::memcpy(&raw, bytes.data(), sizeof(raw));
  if (raw.abi_version != NODESPAN_ABI_VERSION) {
    return Malformed("record: ABI version {}, {} expected", raw.abi_version, NODESPAN_ABI_VERSION);
  }
  if (raw.size_bytes < sizeof(raw) || raw.size_bytes > bytes.size()) {
    return Malformed("record: says {} bytes, {} are there", raw.size_bytes, bytes.size());
  }
  absl::StatusOr<EventHeader> header = ReadHeader(raw);
  if (!header.ok()) {
    return header.status();
  }
  switch (raw.type) {
    case NS_RECORD_HTTP_SERVER: return ReadHttpServer(*header, bytes.first(raw.size_bytes));
    default: return Malformed("record: unknown type {}", raw.type);
  }
}

}  // namespace nodespan::events
