// SPDX-License-Identifier: Apache-2.0
#include "spans/http_server_span.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "fmt/format.h"
#include "spans/attribute_writer.h"
#include "spans/exception_event.h"
#include "spans/forwarded.h"
#include "spans/host_port.h"
#include "spans/http_attribute_names.h"
#include "spans/http_common.h"
#include "spans/http_route.h"
#include "spans/redact.h"
#include "spans/request_target.h"
#include "spans/socket_address.h"
#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

using events::EventString;
using events::HttpOutcome;
using events::HttpServerEvent;
using model::SemconvMode;

// Enough for every attribute below, so that the vector grows once.
constexpr size_t kMaxAttributes = 21;  // with those of the handler's code
constexpr size_t kMaxAttributesOfBoth = 37;

// The code the client got, if it got one.
std::optional<uint16_t> StatusCode(const HttpServerEvent& event) {
  constexpr uint16_t kOk = 200;
  if (event.status == uint16_t{0}) {
    // net/http answers for a handler that returns without having written anything (server.go, finishRequest).
    return event.outcome == HttpOutcome::kHandled ? std::optional(kOk) : std::nullopt;
  }
  return event.status;
}

std::optional<int64_t> ResponseBodySize(const HttpServerEvent& event, bool answered) {
  if (event.outcome == HttpOutcome::kHijacked || (event.outcome == HttpOutcome::kPanicked && !answered)) {
    return std::nullopt;
  }
  // What the handler writes in answer to HEAD is counted and thrown away (net/http, server.go, chunkWriter.Write).
  return event.method.text == "HEAD" && event.response_body_bytes ? std::optional<int64_t>(0)
                                                                  : event.response_body_bytes;
}

// `text` in lower case when it can be a URI scheme, else empty.
std::string SchemeFrom(std::string_view text) {
  std::string scheme;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool letter = lower >= 'a' && lower <= 'z';
    const bool later = (lower >= '0' && lower <= '9') || lower == '+' || lower == '-' || lower == '.';
    if (!letter && (scheme.empty() || !later)) {
      return {};
    }
    scheme += lower;
  }
  return scheme;
}

// "unknown" is what proxies write when they do not want to tell (RFC 7239 section 6.2; Squid in X-Forwarded-For).
std::string_view ClientFrom(std::string_view node) {
  const std::string_view host = SplitHostPort(node).host;
  return host == "unknown" ? std::string_view() : host;
}

// What the request and the proxies before us say about both ends. Views into the event, `forwarded` and `peer_text`.
struct Endpoints {
  Forwarded forwarded;
  std::string scheme;
  HostPort server;
  std::string_view client;
  HostPort peer;
  std::string peer_text;
};

void ResolveEndpoints(const HttpServerEvent& event, Endpoints& ends) {
  if (!event.forwarded.empty()) {
    ends.forwarded = ParseForwarded(event.forwarded.text, event.forwarded.cut);
  }
  const auto first = [](const EventString& header) { return FirstForwardedElement(header.text, header.cut); };

  ends.scheme = SchemeFrom(ends.forwarded.proto);
  if (ends.scheme.empty()) {
    ends.scheme = SchemeFrom(first(event.x_forwarded_proto));
  }
  if (ends.scheme.empty() && event.is_tls) {
    ends.scheme = *event.is_tls ? "https" : "http";
  }

  ends.server = SplitHostPort(ends.forwarded.host);
  if (ends.server.host.empty()) {
    ends.server = SplitHostPort(first(event.x_forwarded_host));
  }
  if (ends.server.host.empty() && !event.host.cut) {
    ends.server = SplitHostPort(event.host.text);
  }

  if (event.peer) {
    ends.peer_text = AddressText(*event.peer);
    ends.peer = {ends.peer_text, event.peer->port == 0 ? std::nullopt : std::optional(event.peer->port)};
  } else if (!event.remote_addr.cut) {
    ends.peer = SplitPeerAddress(event.remote_addr.text);
  }
  ends.client = ClientFrom(ends.forwarded.for_node);
  if (ends.client.empty()) {
    ends.client = ClientFrom(first(event.x_forwarded_for));
  }
  if (ends.client.empty()) {
    ends.client = ends.peer.host;
  }
}

void AddTarget(const HttpServerEvent& event, SemconvMode mode, AttributeWriter& attributes) {
  const std::string_view uri = event.uri.cut ? base::TrimPartialCharacter(event.uri.text) : event.uri.text;
  const RequestTarget target = ParseRequestTarget(event.method.text, uri);
  if (target.path.empty()) {
    return;
  }
  std::string path = Clean(target.path);
  std::string query = target.query.empty() ? std::string() : Clean(RedactQuery(target.query));
  if (model::EmitsOld(mode)) {
    std::string whole = query.empty() ? path : fmt::format("{}?{}", path, query);
    attributes.AddText(http::kTarget, whole);
    attributes.AddText(http::kUrl, std::move(whole));
  }
  attributes.AddText(http::kUrlPath, std::move(path));
  if (!query.empty()) {
    attributes.AddText(http::kUrlQuery, std::move(query));
  }
}

void AddServer(const Endpoints& ends, AttributeWriter& attributes) {
  if (ends.server.host.empty()) {
    return;
  }
  attributes.AddText(http::kServerAddress, Clean(ends.server.host));
  const std::optional<uint16_t> default_port = DefaultPort(ends.scheme);
  const std::optional<uint16_t> port = ends.server.port ? ends.server.port : default_port;
  if (port) {
    const bool is_default = port == default_port;
    attributes.AddInt({http::kServerPort.stable, is_default ? std::string_view() : http::kServerPort.old}, *port);
  }
}

void AddEndpoints(const HttpServerEvent& event, AttributeWriter& attributes) {
  Endpoints ends;
  ResolveEndpoints(event, ends);
  AddServer(ends, attributes);
  if (!ends.client.empty()) {
    attributes.AddText(http::kClientAddress, Clean(ends.client));
  }
  if (!ends.peer.host.empty()) {
    attributes.AddText(http::kPeerAddress, Clean(ends.peer.host));
    if (ends.peer.port) {
      attributes.AddInt(http::kPeerPort, *ends.peer.port);
    }
  }
  if (!ends.scheme.empty()) {
    attributes.AddText(http::kScheme, std::move(ends.scheme));
  }
}

// Status of the span, error.type and the status code.
void AddResult(const HttpServerEvent& event, std::optional<uint16_t> code, model::Span& span,
               AttributeWriter& attributes) {
  constexpr uint16_t kFirstServerError = 500;
  if (code) {
    attributes.AddInt(http::kStatusCode, *code);
  }
  const bool server_error = code && *code >= kFirstServerError;
  const bool panicked = event.outcome == HttpOutcome::kPanicked;
  if (server_error || panicked) {
    span.status = model::StatusCode::kError;
    attributes.AddText(http::kErrorType, server_error ? fmt::format("{}", *code) : "panic");
  }
  if (panicked) {
    span.status_message = kDidNotReturn;
  }
}

}  // namespace

void BuildHttpServerSpan(const HttpServerEvent& event, const model::SpanOptions& options,
                         const model::ResourcePtr& resource, const WallClock& clock, model::Span& span) {
  const SemconvMode mode = options.semconv.http;
  span.kind = model::SpanKind::kServer;
  span.scope = HttpScope(event.library, mode);
  span.resource = resource;
  CopyIdentity(event.header, clock, span, event.tracestate);

  const bool known_method = IsKnownMethod(event.method, options.known_http_methods);
  const std::string_view method_in_name = known_method ? event.method.text : "HTTP";
  const std::optional<uint16_t> code = StatusCode(event);
  std::string route = HttpRoute(event, code);
  span.name.reserve(method_in_name.size() + 1 + route.size());
  span.name = method_in_name;
  if (!route.empty()) {
    span.name += ' ';
    span.name += route;
  }

  span.attributes.reserve(mode == SemconvMode::kDup ? kMaxAttributesOfBoth : kMaxAttributes);
  AttributeWriter attributes(mode, &span.attributes);
  AddMethod(event.method, known_method, attributes);
  AddResult(event, code, span, attributes);
  if (!route.empty()) {
    attributes.AddText(http::kRoute, std::move(route));
  }
  AddTarget(event, mode, attributes);
  AddEndpoints(event, attributes);
  if (event.version) {
    attributes.AddText(http::kProtocolVersion, VersionText(*event.version));
  }
  if (!event.user_agent.empty()) {
    attributes.AddText(http::kUserAgent, Clean(event.user_agent));
  }
  if (event.request_body_bytes) {
    attributes.AddInt(http::kRequestBodySize, *event.request_body_bytes);
  }
  if (const std::optional<int64_t> size = ResponseBodySize(event, code.has_value())) {
    attributes.AddInt(http::kResponseBodySize, *size);
  }
}

}  // namespace nodespan::spans
