// SPDX-License-Identifier: Apache-2.0
#include "spans/http_client_span.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "spans/attribute_writer.h"
#include "spans/go_error.h"
#include "spans/host_port.h"
#include "spans/http_attribute_names.h"
#include "spans/http_common.h"
#include "spans/redact.h"
#include "spans/socket_address.h"
#include "spans/span_common.h"
#include "spans/url.h"

namespace nodespan::spans {
namespace {

using events::HttpClientEvent;
using model::SemconvMode;

// Enough for every attribute below, so that the vector grows once.
constexpr size_t kMaxAttributes = 14;
constexpr size_t kMaxAttributesOfBoth = 26;

constexpr uint16_t kFirstError = 400;

// What the transport returns for a request whose context was cancelled: context.Canceled, and up to Go 1.22 also
// net/http's own error (transport.go, errRequestCanceled).
bool IsCancelled(const HttpClientEvent& event) {
  return event.error.text == "context canceled" || event.error.text == "net/http: request canceled";
}

UrlParts PartsOf(const HttpClientEvent& event) {
  if (event.library == events::HttpLibrary::kFasthttp) {
    UrlParts parts = {.scheme = event.scheme.text,
                      .has_user_info = event.has_user_info,
                      .host = event.host.text,
                      .host_cut = event.host.cut};
    SetRequestTarget(event.path.text, event.path.cut, &parts);
    return parts;
  }
  return {.scheme = event.scheme.text,
          .has_user_info = event.has_user_info,
          .host = event.host.text,
          .opaque = event.opaque.text,
          .path = event.path.text,
          .path_is_raw = event.path_is_raw,
          .query = event.query.text,
          .has_empty_query = event.has_empty_query,
          .fragment = event.fragment.text,
          .host_cut = event.host.cut,
          .path_cut = event.path.cut || event.opaque.cut,
          .query_cut = event.query.cut};
}

void AddServer(const HttpClientEvent& event, AttributeWriter& attributes) {
  constexpr AttributeName kAddress{http::kServerAddress.stable, "net.peer.name"};
  constexpr AttributeName kPort{http::kServerPort.stable, "net.peer.port"};
  const HostPort server = event.host.cut ? HostPort{} : SplitHostPort(event.host.text);
  if (server.host.empty()) {
    return;
  }
  attributes.AddText(kAddress, Clean(server.host));
  const std::optional<uint16_t> port = server.port ? server.port : DefaultPort(event.scheme.text);
  if (port) {
    attributes.AddInt(kPort, *port);
  }
}

void AddResult(const HttpClientEvent& event, const model::TypeNames* types, model::Span& span,
               AttributeWriter& attributes) {
  if (event.status) {
    attributes.AddInt(http::kStatusCode, *event.status);
  }
  if (event.failed && !event.panicked && IsCancelled(event)) {
    return;
  }
  if (event.failed) {
    span.status = model::StatusCode::kError;
    std::string type = event.panicked ? "panic" : GoErrorType(types, event.error_type_vaddr.value_or(0));
    span.status_message = GoErrorMessage(type, Clean(event.error));
    attributes.AddText(http::kErrorType, std::move(type));
  } else if (event.status && *event.status >= kFirstError) {
    span.status = model::StatusCode::kError;
    attributes.AddText(http::kErrorType, fmt::format("{}", *event.status));
  }
}

}  // namespace

void BuildHttpClientSpan(const HttpClientEvent& event, const model::SpanOptions& options,
                         const model::ResourcePtr& resource, const model::TypeNames* types, const WallClock& clock,
                         model::Span& span) {
  const SemconvMode mode = options.semconv.http;
  span.kind = model::SpanKind::kClient;
  span.scope = HttpScope(event.library, mode);
  span.resource = resource;
  CopyIdentity(event.header, clock, span);

  // An empty method is GET (net/http, request.go, Request.Method).
  const events::EventString method = event.method.empty() ? events::EventString{"GET"} : event.method;
  const bool known_method = IsKnownMethod(method, options.known_http_methods);
  span.name = known_method ? method.text : "HTTP";

  span.attributes.reserve(mode == SemconvMode::kDup ? kMaxAttributesOfBoth : kMaxAttributes);
  AttributeWriter attributes(mode, &span.attributes);
  AddMethod(method, known_method, attributes);
  AddResult(event, types, span, attributes);
  if (std::string url = FullUrl(PartsOf(event)); !url.empty()) {
    attributes.AddText({"url.full", "http.url"}, std::move(url));
  }
  AddServer(event, attributes);
  if (event.peer) {
    attributes.AddText(http::kPeerAddress, AddressText(*event.peer));
    attributes.AddInt(http::kPeerPort, event.peer->port);
  }
  if (event.version) {
    attributes.AddText(http::kProtocolVersion, VersionText(*event.version));
  }
  if (event.resend_count > 0) {
    attributes.AddInt({"http.request.resend_count", "http.resend_count"}, event.resend_count);
  }
  if (event.request_body_bytes) {
    attributes.AddInt(http::kRequestBodySize, *event.request_body_bytes);
  }
  if (event.response_body_bytes) {
    attributes.AddInt(http::kResponseBodySize, *event.response_body_bytes);
  }
}

}  // namespace nodespan::spans
