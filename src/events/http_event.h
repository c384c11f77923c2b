// SPDX-License-Identifier: Apache-2.0
// One request through net/http or fasthttp, as the kernel side reports it: served, or sent.
#pragma once

#include <cstdint>
#include <optional>

#include "bpf/abi/nodespan_abi.h"
#include "events/event_base.h"

namespace nodespan::events {

enum class HttpOutcome : uint8_t {
  kHandled = NS_HTTP_HANDLED,    // The handler returned; status 0 was answered with 200.
  kPanicked = NS_HTTP_PANICKED,  // The handler did not return; status is what it had sent until then.
  kHijacked = NS_HTTP_HIJACKED,  // The handler took the connection over; what it sent is not known.
};

// Which router said what the pattern of a route is.
enum class RouteSource : uint8_t {
  kNone = NS_ROUTE_NONE,
  kServeMux = NS_ROUTE_SERVE_MUX,
  kGin = NS_ROUTE_GIN,
  kEcho = NS_ROUTE_ECHO,
  kChi = NS_ROUTE_CHI,
  kGorilla = NS_ROUTE_GORILLA,
  kFiber = NS_ROUTE_FIBER,
};

enum class HttpLibrary : uint8_t {
  kNetHttp = NS_HTTP_NET_HTTP,
  kFasthttp = NS_HTTP_FASTHTTP,
};

struct HttpVersion {
  uint8_t major = 0;
  uint8_t minor = 0;

  bool operator==(const HttpVersion&) const = default;
};

struct HttpServerEvent {
  EventHeader header;
  HttpLibrary library = HttpLibrary::kNetHttp;
  HttpOutcome outcome = HttpOutcome::kHandled;
  std::optional<uint16_t> status;             // 0 (nothing was written) or 100-999.
  std::optional<int64_t> request_body_bytes;  // Absent, too, when the client did not say.
  std::optional<int64_t> response_body_bytes;
  std::optional<bool> is_tls;
  std::optional<HttpVersion> version;
  RouteSource route_source = RouteSource::kNone;
  std::optional<uint64_t> handler_vaddr;  // Code of the handler, as linked; see model/code_symbols.h.
  std::optional<SocketAddress> peer;      // Of fasthttp.

  EventString method;
  EventString uri;
  EventString host;
  EventString remote_addr;  // Of net/http.
  EventString user_agent;
  EventString forwarded;
  EventString x_forwarded_for;
  EventString x_forwarded_host;
  EventString x_forwarded_proto;
  EventString captured;  // Headers that the user asked for: see events/captured_headers.h.
  EventString tracestate;
  EventString pattern;  // As the router has it; empty when it found no route.
};

struct HttpClientEvent {
  EventHeader header;
  HttpLibrary library = HttpLibrary::kNetHttp;
  std::optional<uint16_t> status;              // 100-999
  std::optional<int64_t> request_body_bytes;   // Absent, too, when it is not known.
  std::optional<int64_t> response_body_bytes;  // Likewise.
  std::optional<HttpVersion> version;          // Of the response.
  std::optional<SocketAddress> peer;
  bool failed = false;                       // There is an error instead of a response.
  bool panicked = false;                     // The attempt ended by a panic or runtime.Goexit.
  std::optional<uint64_t> error_type_vaddr;  // See model/error_types.h.
  uint8_t resend_count = 0;                  // Redirects that led to this request.
  bool has_user_info = false;                // The URL has credentials, which are not here.
  bool has_empty_query = false;              // The URL ends in "?".
  bool path_is_raw = false;                  // The path is as sent; otherwise escapes are decoded.

  EventString method;
  EventString scheme;
  EventString host;  // With the port, if the URL has one.
  EventString opaque;
  EventString path;  // Of fasthttp path and query as they were sent, or the whole URL when nothing was.
  EventString query;
  EventString fragment;
  EventString error;
};

}  // namespace nodespan::events
