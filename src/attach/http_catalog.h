// SPDX-License-Identifier: Apache-2.0
// The rows of net/http in the catalogue.
#pragma once

#include <span>
#include <string_view>

#include "attach/probe_catalog.h"
#include "bpf/abi/nodespan_abi.h"

namespace nodespan::attach {

// net/http.Request, for servers and clients.
struct HttpRequestCatalog {
  std::span<const FieldSpec<ns_http_request_params>> common_fields;
  std::span<const FieldSpec<ns_http_request_params>> server_fields;
  std::span<const FieldSpec<ns_http_request_params>> client_fields;
};

// A type of http.ResponseWriter of HTTP/2, and what serves its requests.
struct HttpStreamCatalog {
  std::string_view library;
  std::string_view writer_type;         // as it is in the interface
  std::span<const FunctionSpec> start;  // of requests that no http.Server sees; empty: there are none
  // Without one of these there are no such requests; empty: there always may be.
  std::span<const std::string_view> start_when;
  std::span<const FunctionSpec> end;
  // What the start is given, when that is no http.Request.
  std::string_view request_type;
  std::span<const FieldSpec<ns_http_request_params>> request_fields;
  // state_off first; those of the state that the end reads; those that tell a pushed stream.
  std::span<const FieldSpec<ns_http_writer>> writer_fields;
  std::span<const FieldSpec<ns_http_writer>> state_fields;
  std::span<const FieldSpec<ns_http_writer>> stream_fields;
};

struct HttpServerCatalog {
  std::string_view library;
  std::span<const FunctionSpec> functions;
  // Where a handler that panics ends when none of `panic_cleanups` calls the end function: one hit more per connection.
  std::span<const FunctionSpec> panic_ends;
  std::span<const std::string_view> panic_cleanups;
  // Read in one window at the end of the request; the planner makes their offsets relative to it.
  std::span<const FieldSpec<ns_http_writer>> response_fields;
};

// From the state of an HTTP/1 response to the handler of its server, in this order; and what is looked through on the
// way from an http.Handler to a function.
struct HttpHandlerCatalog {
  std::span<const FieldSpec<ns_handler_params>> server_fields;
  // Types that hold the handler of a route together with its middlewares.
  std::span<const std::string_view> chain_types;
  std::string_view chain_endpoint_field;
};

// A type of connections that clients have: what is called to send a request on one, and its net.Conn.
struct HttpConnectionCatalog {
  std::span<const FunctionSpec> send;
  FieldName conn;
};

struct HttpClientCatalog {
  std::string_view library;
  std::span<const FunctionSpec> start;
  std::span<const HttpConnectionCatalog> connections;  // optional: they show the peer
  EndSpec end;
  std::span<const FieldSpec<ns_http_client_params>> url_fields;
  std::span<const FieldSpec<ns_http_client_params>> response_fields;
};

// A transport of HTTP/2 that sends the requests of the other one, and those that it is given itself.
struct HttpTwoClientCatalog {
  std::string_view library;
  // It has connections of its own; without them it uses those of the other transport.
  std::span<const std::string_view> used_when;
  std::span<const FunctionSpec> start;
  EndSpec end;
};

extern const HttpRequestCatalog kHttpRequestCatalog;
extern const HttpServerCatalog kHttpServerCatalog;
extern const HttpHandlerCatalog kHttpHandlerCatalog;
extern const HttpClientCatalog kHttpClientCatalog;
extern const HttpTwoClientCatalog kHttpTwoClientCatalog;
// At most NS_HTTP_WRITERS - 1 of them are in one binary.
extern const std::span<const HttpStreamCatalog> kHttpStreamCatalogs;

}  // namespace nodespan::attach
