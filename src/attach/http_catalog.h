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

struct HttpServerCatalog {
  std::string_view library;
  std::span<const FunctionSpec> functions;
  // Where a handler that panics ends when none of `panic_cleanups` calls the end function: one hit more per connection.
  std::span<const FunctionSpec> panic_ends;
  std::span<const std::string_view> panic_cleanups;
  // Read in one window at the end of the request; the planner makes their offsets relative to it.
  std::span<const FieldSpec<ns_http_server_params>> response_fields;
};

struct HttpClientCatalog {
  std::string_view library;
  std::span<const FunctionSpec> start;
  std::span<const FunctionSpec> connection;  // optional: shows the peer
  EndSpec end;
  std::span<const FieldSpec<ns_http_client_params>> url_fields;
  std::span<const FieldSpec<ns_http_client_params>> response_fields;
  std::span<const FieldSpec<ns_http_client_params>> peer_fields;
};

extern const HttpRequestCatalog kHttpRequestCatalog;
extern const HttpServerCatalog kHttpServerCatalog;
extern const HttpClientCatalog kHttpClientCatalog;

}  // namespace nodespan::attach
