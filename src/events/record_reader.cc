// SPDX-License-Identifier: Apache-2.0
#include "events/record_reader.h"

#include <algorithm>
#include <cstring>

#include "absl/utility/utility.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::events {
namespace {

// How long a string of a record may be, and where it goes; in the order of the record's enumeration.
template <typename EventType>
struct StringField {
  uint16_t max_bytes;
  EventString EventType::*member;
};

constexpr std::array<StringField<HttpServerEvent>, NS_HTTP_STRING_COUNT> kHttpServerStrings = {{
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

constexpr std::array<StringField<HttpClientEvent>, NS_CLIENT_STRING_COUNT> kHttpClientStrings = {{
    {NS_CLIENT_MAX_METHOD, &HttpClientEvent::method},
    {NS_CLIENT_MAX_SCHEME, &HttpClientEvent::scheme},
    {NS_CLIENT_MAX_HOST, &HttpClientEvent::host},
    {NS_CLIENT_MAX_OPAQUE, &HttpClientEvent::opaque},
    {NS_CLIENT_MAX_PATH, &HttpClientEvent::path},
    {NS_CLIENT_MAX_QUERY, &HttpClientEvent::query},
    {NS_CLIENT_MAX_ERROR, &HttpClientEvent::error},
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

// net/http panics on a code outside 100-999 (server.go, checkWriteHeaderCode), so another value was never a status.
bool IsHttpStatus(uint16_t status) { return status >= 100 && status <= 999; }

// `record` is exactly the record: its size is that of the header.
absl::StatusOr<Event> ReadHttpServer(const EventHeader& header, std::span<const std::byte> record) {
  constexpr std::string_view kName = "HTTP server";
  ns_http_server_record raw;
  NODESPAN_RETURN_IF_ERROR(ReadFixed(kName, record, &raw));
  if (raw.outcome < NS_HTTP_HANDLED || raw.outcome > NS_HTTP_HIJACKED) {
    return Malformed("HTTP server record: outcome {}", raw.outcome);
  }
  absl::StatusOr<Event> result(absl::in_place);
  auto& event = std::get<HttpServerEvent>(*result);
  event.header = header;
  event.outcome = static_cast<HttpOutcome>(raw.outcome);
  if ((raw.present & NS_HTTP_HAS_STATUS) != 0) {
    if (raw.status != 0 && !IsHttpStatus(raw.status)) {
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
  NODESPAN_RETURN_IF_ERROR(ReadStrings(kName, raw.header, record.subspan(sizeof(raw)), kHttpServerStrings, event));
  return result;
}

absl::StatusOr<Event> ReadHttpClient(const EventHeader& header, std::span<const std::byte> record) {
  constexpr std::string_view kName = "HTTP client";
  ns_http_client_record raw;
  NODESPAN_RETURN_IF_ERROR(ReadFixed(kName, record, &raw));
  absl::StatusOr<Event> result(absl::in_place, std::in_place_type<HttpClientEvent>);
  auto& event = std::get<HttpClientEvent>(*result);
  event.header = header;
  if ((raw.present & NS_HTTP_HAS_STATUS) != 0) {
    // A server may send any number; what is none that HTTP knows is left out.
    event.status = IsHttpStatus(raw.status) ? std::optional(raw.status) : std::nullopt;
  }
  if ((raw.present & NS_HTTP_HAS_REQUEST_BYTES) != 0 && raw.request_body_bytes > 0) {
    event.request_body_bytes = raw.request_body_bytes;
  }
  if ((raw.present & NS_HTTP_HAS_RESPONSE_BYTES) != 0 && raw.response_body_bytes >= 0) {
    event.response_body_bytes = raw.response_body_bytes;
  }
  if ((raw.present & NS_HTTP_HAS_PROTO) != 0) {
    event.version = HttpVersion{raw.proto_major, raw.proto_minor};
  }
  if (raw.peer.ip_bytes == 4 || raw.peer.ip_bytes == 16) {
    SocketAddress& peer = event.peer.emplace();
    std::memcpy(peer.ip.data(), raw.peer.ip, sizeof(raw.peer.ip));
    peer.ip_bytes = raw.peer.ip_bytes;
    peer.port = raw.peer.port;
  }
  event.failed = (raw.present & NS_CLIENT_FAILED) != 0;
  event.panicked = (raw.present & NS_CLIENT_PANICKED) != 0;
  event.has_user_info = (raw.present & NS_CLIENT_HAS_USER_INFO) != 0;
  event.path_is_raw = (raw.present & NS_CLIENT_PATH_IS_RAW) != 0;
  if (raw.error_type_vaddr != 0) {
    event.error_type_vaddr = raw.error_type_vaddr;
  }
  event.resend_count = raw.resend_count;
  NODESPAN_RETURN_IF_ERROR(ReadStrings(kName, raw.header, record.subspan(sizeof(raw)), kHttpClientStrings, event));
  return result;
}

}  // namespace

const EventHeader& HeaderOf(const Event& event) {
  return std::visit([](const auto& alternative) -> const EventHeader& { return alternative.header; }, event);
}

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
    case NS_RECORD_HTTP_CLIENT: return ReadHttpClient(*header, bytes.first(raw.size_bytes));
    default: return Malformed("record: unknown type {}", raw.type);
  }
}

}  // namespace nodespan::events
