// SPDX-License-Identifier: Apache-2.0
#include "attach/probe_catalog.h"

namespace nodespan::attach {
namespace {

using Http = ns_http_server_params;

constexpr std::string_view kString[] = {"string"};
constexpr std::string_view kInt[] = {"int"};
constexpr std::string_view kInt64[] = {"int64"};
constexpr std::string_view kHeader[] = {"http.Header"};
constexpr std::string_view kTlsState[] = {"*tls.ConnectionState"};
constexpr std::string_view kPatternPtr[] = {"*http.pattern"};
constexpr std::string_view kAtomicBool[] = {"atomic.Bool", "http.atomicBool"};  // the latter up to Go 1.19

// Source of both: net/http/server.go. The end is called exactly once per ServeHTTP (bpf/programs/nethttp_server.bpf.c).
constexpr std::string_view kServeHttp[] = {"net/http.serverHandler.ServeHTTP"};
constexpr std::string_view kAbortPendingRead[] = {"net/http.(*connReader).abortPendingRead"};

constexpr FunctionSpec kHttpServerFunctions[] = {
    {Program::kNetHttpServerStart, kServeHttp, NS_HTTP_BRANCH_START},
    {Program::kNetHttpServerEnd, kAbortPendingRead, NS_HTTP_BRANCH_END},
};

// The deferred function of (*conn).serve calls abortPendingRead since Go 1.18. Before, it only closes the connection.
constexpr std::string_view kServeCleanups[] = {"net/http.(*conn).serve.func1", "net/http.(*conn).serve.func2",
                                               "net/http.(*conn).serve.func3"};
constexpr std::string_view kConnClose[] = {"net/http.(*conn).close"};

constexpr FunctionSpec kHttpServerPanicEnds[] = {
    {Program::kNetHttpServerEnd, kConnClose, NS_HTTP_BRANCH_END},
};

// Source: net/http/request.go, type Request; pattern.go, type pattern.
constexpr FieldSpec<Http> kRequestFields[] = {
    {"net/http.Request", "Method", kString, &Http::request_method_off},
    {"net/http.Request", "Header", kHeader, &Http::request_header_off},
    {"net/http.Request", "RequestURI", kString, &Http::request_uri_off, NS_HTTP_PARAM_URI, "url.path, url.query"},
    {"net/http.Request", "Host", kString, &Http::request_host_off, NS_HTTP_PARAM_HOST, "server.address, server.port"},
    {"net/http.Request", "RemoteAddr", kString, &Http::request_remote_addr_off, NS_HTTP_PARAM_REMOTE_ADDR,
     "network.peer.address, client.address"},
    {"net/http.Request", "ContentLength", kInt64, &Http::request_content_length_off, NS_HTTP_PARAM_CONTENT_LENGTH,
     "http.request.body.size"},
    {"net/http.Request", "TLS", kTlsState, &Http::request_tls_off, NS_HTTP_PARAM_TLS, "url.scheme of https requests"},
    // The two Proto fields share a bit: both or none.
    {"net/http.Request", "ProtoMajor", kInt, &Http::request_proto_major_off, NS_HTTP_PARAM_PROTO,
     "network.protocol.version"},
    {"net/http.Request", "ProtoMinor", kInt, &Http::request_proto_minor_off, NS_HTTP_PARAM_PROTO,
     "network.protocol.version"},
    // Go >= 1.23; 1.22 has only the pointer to the pattern; neither is in older releases (http.route is missing there).
    {"net/http.Request", "Pattern", kString, &Http::request_pattern_off, NS_HTTP_PARAM_PATTERN},
    {"net/http.Request", "pat", kPatternPtr, &Http::request_pat_off, NS_HTTP_PARAM_PAT_STR},
    {"net/http.pattern", "str", kString, &Http::pattern_str_off, NS_HTTP_PARAM_PAT_STR},
};

// Source: net/http/server.go, type response.
constexpr FieldSpec<Http> kResponseFields[] = {
    {"net/http.response", "status", kInt, &Http::response_status_rel},
    {"net/http.response", "written", kInt64, &Http::response_written_rel},
    {"net/http.response", "handlerDone", kAtomicBool, &Http::response_handler_done_rel},
};

}  // namespace

constexpr HttpServerCatalog kHttpServerCatalog = {"net/http server", kHttpServerFunctions, kHttpServerPanicEnds,
                                                  kServeCleanups,    kRequestFields,       kResponseFields};

}  // namespace nodespan::attach
