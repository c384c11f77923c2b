// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "absl/utility/utility.h"
#include "base/status_macros.h"
#include "events/captured_headers.h"
#include "events/record_fields.h"
#include "events/record_types.h"
#include "model/http_methods.h"

namespace nodespan::events {
namespace {

static_assert(model::kMaxHttpMethodBytes == NS_HTTP_MAX_METHOD);
static_assert(model::kMaxHttpMethodBytes == NS_CLIENT_MAX_METHOD);

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
    {NS_CAPTURED_MAX_BYTES, &HttpServerEvent::captured},
    {NS_HTTP_MAX_TRACESTATE, &HttpServerEvent::tracestate},
    {NS_HTTP_MAX_PATTERN, &HttpServerEvent::pattern},
}};

constexpr std::array<StringField<HttpClientEvent>, NS_CLIENT_STRING_COUNT> kHttpClientStrings = {{
    {NS_CLIENT_MAX_METHOD, &HttpClientEvent::method},
    {NS_CLIENT_MAX_SCHEME, &HttpClientEvent::scheme},
    {NS_CLIENT_MAX_HOST, &HttpClientEvent::host},
    {NS_CLIENT_MAX_OPAQUE, &HttpClientEvent::opaque},
    {NS_CLIENT_MAX_TARGET, &HttpClientEvent::path},
    {NS_CLIENT_MAX_QUERY, &HttpClientEvent::query},
    {NS_CLIENT_MAX_FRAGMENT, &HttpClientEvent::fragment},
    {NS_CLIENT_MAX_ERROR, &HttpClientEvent::error},
}};

std::optional<SocketAddress> PeerOf(const ns_socket_address& raw) {
  if (raw.ip_bytes != 4 && raw.ip_bytes != 16) {
    return std::nullopt;
  }
  SocketAddress peer;
  std::memcpy(peer.ip.data(), raw.ip, sizeof(raw.ip));
  peer.ip_bytes = raw.ip_bytes;
  peer.port = raw.port;
  return peer;
}

// net/http panics on a code outside 100-999 (server.go, checkWriteHeaderCode), so another value was never a status.
bool IsHttpStatus(uint16_t status) { return status >= 100 && status <= 999; }

}  // namespace

absl::StatusOr<Event> ReadHttpServer(const EventHeader& header, std::span<const std::byte> record) {
  constexpr std::string_view kName = "HTTP server";
  ns_http_server_record raw;
  NODESPAN_RETURN_IF_ERROR(ReadFixed(kName, record, &raw));
  if (raw.outcome < NS_HTTP_HANDLED || raw.outcome > NS_HTTP_HIJACKED) {
    return Malformed("HTTP server record: outcome {}", raw.outcome);
  }
  if (raw.route_source >= NS_ROUTE_SOURCE_COUNT) {
    return Malformed("HTTP server record: route source {}", raw.route_source);
  }
  if (raw.library >= NS_HTTP_LIBRARY_COUNT) {
    return Malformed("HTTP server record: library {}", raw.library);
  }
  absl::StatusOr<Event> result(absl::in_place);
  auto& event = std::get<HttpServerEvent>(*result);
  event.header = header;
  event.library = static_cast<HttpLibrary>(raw.library);
  event.peer = PeerOf(raw.peer);
  event.route_source = static_cast<RouteSource>(raw.route_source);
  event.outcome = static_cast<HttpOutcome>(raw.outcome);
  if (raw.handler_vaddr != 0) {
    event.handler_vaddr = raw.handler_vaddr;
  }
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
  NODESPAN_RETURN_IF_ERROR(CapturedHeaders::Check(event.captured));
  return result;
}

absl::StatusOr<Event> ReadHttpClient(const EventHeader& header, std::span<const std::byte> record) {
  constexpr std::string_view kName = "HTTP client";
  ns_http_client_record raw;
  NODESPAN_RETURN_IF_ERROR(ReadFixed(kName, record, &raw));
  if (raw.library >= NS_HTTP_LIBRARY_COUNT) {
    return Malformed("HTTP client record: library {}", raw.library);
  }
  absl::StatusOr<Event> result(absl::in_place, std::in_place_type<HttpClientEvent>);
  auto& event = std::get<HttpClientEvent>(*result);
  event.header = header;
  event.library = static_cast<HttpLibrary>(raw.library);
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
  event.peer = PeerOf(raw.peer);
  event.failed = (raw.present & NS_CLIENT_FAILED) != 0;
  event.panicked = (raw.present & NS_CLIENT_PANICKED) != 0;
  event.has_user_info = (raw.present & NS_CLIENT_HAS_USER_INFO) != 0;
  event.has_empty_query = (raw.present & NS_CLIENT_EMPTY_QUERY) != 0;
  event.path_is_raw = (raw.present & NS_CLIENT_PATH_IS_RAW) != 0;
  if (raw.error_type_vaddr != 0) {
    event.error_type_vaddr = raw.error_type_vaddr;
  }
  event.resend_count = raw.resend_count;
  NODESPAN_RETURN_IF_ERROR(ReadStrings(kName, raw.header, record.subspan(sizeof(raw)), kHttpClientStrings, event));
  return result;
}

}  // namespace nodespan::events
