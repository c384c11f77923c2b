// SPDX-License-Identifier: Apache-2.0
#include "attach/http_catalog.h"

#include <iterator>

#include "attach/http_two_names.h"

namespace nodespan::attach {
namespace {

using Request = ns_http_request_params;
using Writer = ns_http_writer;
using Client = ns_http_client_params;

constexpr std::string_view kString[] = {"string"};
constexpr std::string_view kBool[] = {"bool"};
constexpr std::string_view kInt[] = {"int"};
constexpr std::string_view kInt64[] = {"int64"};
constexpr std::string_view kHeader[] = {"http.Header"};
constexpr std::string_view kTlsState[] = {"*tls.ConnectionState"};
constexpr std::string_view kPatternPtr[] = {"*http.pattern"};
constexpr std::string_view kUrlPtr[] = {"*url.URL"};
constexpr std::string_view kUserInfoPtr[] = {"*url.Userinfo"};
constexpr std::string_view kContext[] = {"context.Context"};
constexpr std::string_view kRequestPtr[] = {"*http.Request"};
constexpr std::string_view kResponsePtr[] = {"*http.Response"};
constexpr std::string_view kNetConn[] = {"net.Conn"};
constexpr std::string_view kAtomicBool[] = {"atomic.Bool", "http.atomicBool"};  // the latter up to Go 1.19

// Source of both: net/http/server.go. The end is called exactly once per ServeHTTP (bpf/programs/nethttp_server.bpf.c).
constexpr std::string_view kServeHttp[] = {"net/http.serverHandler.ServeHTTP"};
constexpr std::string_view kAbortPendingRead[] = {"net/http.(*connReader).abortPendingRead"};

constexpr FunctionSpec kHttpServerFunctions[] = {
    {Program::kNetHttpServerStart, kServeHttp},
    {Program::kNetHttpServerEnd, kAbortPendingRead},
};

// The deferred function of (*conn).serve calls abortPendingRead since Go 1.18. Before, it only closes the connection.
constexpr std::string_view kServeCleanups[] = {"net/http.(*conn).serve.func1", "net/http.(*conn).serve.func2",
                                               "net/http.(*conn).serve.func3"};
constexpr std::string_view kConnClose[] = {"net/http.(*conn).close"};

constexpr FunctionSpec kHttpServerPanicEnds[] = {
    {Program::kNetHttpServerEnd, kConnClose},
};

// Source: net/http/request.go, type Request; pattern.go, type pattern.
constexpr FieldSpec<Request> kRequestFields[] = {
    {"net/http.Request", "Method", kString, &Request::method_off},
    {"net/http.Request", "URL", kUrlPtr, &Request::url_off},
    {"net/http.Request", "Header", kHeader, &Request::header_off},
    {"net/http.Request", "ctx", kContext, &Request::ctx_off, NS_HTTP_PARAM_CONTEXT, "parents found by context"},
    {"net/http.Request", "ContentLength", kInt64, &Request::content_length_off, NS_HTTP_PARAM_CONTENT_LENGTH,
     "http.request.body.size"},
};
constexpr FieldSpec<Request> kServerRequestFields[] = {
    {"net/http.Request", "RequestURI", kString, &Request::uri_off, NS_HTTP_PARAM_URI, "url.path, url.query"},
    {"net/http.Request", "Host", kString, &Request::host_off, NS_HTTP_PARAM_HOST, "server.address, server.port"},
    {"net/http.Request", "RemoteAddr", kString, &Request::remote_addr_off, NS_HTTP_PARAM_REMOTE_ADDR,
     "network.peer.address, client.address"},
    {"net/http.Request", "TLS", kTlsState, &Request::tls_off, NS_HTTP_PARAM_TLS, "url.scheme of https requests"},
    // The two Proto fields share a bit: both or none.
    {"net/http.Request", "ProtoMajor", kInt, &Request::proto_major_off, NS_HTTP_PARAM_PROTO,
     "network.protocol.version"},
    {"net/http.Request", "ProtoMinor", kInt, &Request::proto_minor_off, NS_HTTP_PARAM_PROTO,
     "network.protocol.version"},
    // Go >= 1.23; 1.22 has only the pointer to the pattern; neither is in older releases (http.route is missing there).
    {"net/http.Request", "Pattern", kString, &Request::pattern_off, NS_HTTP_PARAM_PATTERN},
    {"net/http.Request", "pat", kPatternPtr, &Request::pat_off, NS_HTTP_PARAM_PAT_STR},
    {"net/http.pattern", "str", kString, &Request::pat_str_off, NS_HTTP_PARAM_PAT_STR},
};
constexpr FieldSpec<Request> kClientRequestFields[] = {
    {"net/http.Request", "Response", kResponsePtr, &Request::response_off, NS_HTTP_PARAM_REDIRECT,
     "http.request.resend_count"},
};

// Source: net/http/server.go, type response.
constexpr FieldSpec<Writer> kResponseFields[] = {
    {"net/http.response", "status", kInt, &Writer::status_rel},
    {"net/http.response", "written", kInt64, &Writer::written_rel},
    {"net/http.response", "handlerDone", kAtomicBool, &Writer::handler_done_rel},
};

// HTTP/2 is one source in three places: net/http/h2_bundle.go up to Go 1.26, net/http/internal/http2/server.go since,
// golang.org/x/net/http2/server.go. The first function literal of runHandler is the deferred one.
constexpr std::string_view kUint32[] = {"uint32"};

constexpr std::string_view kBundledStatePtr[] = {"*http.http2responseWriterState"};
constexpr std::string_view kBundledStreamPtr[] = {"*http.http2stream"};
constexpr std::string_view kBundledEnd[] = {"net/http.(*http2serverConn).runHandler.func1"};
constexpr FunctionSpec kBundledEnds[] = {{Program::kNetHttpServerEnd, kBundledEnd}};
constexpr FieldSpec<Writer> kBundledWriterFields[] = {
    {"net/http.http2responseWriter", "rws", kBundledStatePtr, &Writer::state_off},
};
constexpr FieldSpec<Writer> kBundledStateFields[] = {
    {"net/http.http2responseWriterState", "status", kInt, &Writer::status_rel},
    {"net/http.http2responseWriterState", "wroteBytes", kInt64, &Writer::written_rel},
};
constexpr FieldSpec<Writer> kBundledStreamFields[] = {
    {"net/http.http2responseWriterState", "stream", kBundledStreamPtr, &Writer::stream_off},
    {"net/http.http2stream", "id", kUint32, &Writer::stream_id_off},
};

// Handlers get a struct around the pointer to the writer, which is that pointer in an interface.
constexpr std::string_view kStatePtr[] = {"*http2.responseWriterState"};
constexpr std::string_view kStreamPtr[] = {"*http2.stream"};
constexpr std::string_view kInternalEnd[] = {"net/http/internal/http2.(*serverConn).runHandler.func1"};
constexpr std::string_view kInternalStart[] = {"net/http/internal/http2.(*serverConn).runHandler"};
// golang.org/x/net/http2 serves connections with any handler, and has no streams of its own since Go 1.27.
constexpr std::string_view kXNetServes[] = {"golang.org/x/net/http2.(*Server).serveConn",
                                            "golang.org/x/net/http2.(*Server).ServeConn"};
constexpr FunctionSpec kInternalStarts[] = {{Program::kNetHttpStreamStart, kInternalStart}};
constexpr std::string_view kInternalRequest = "net/http/internal/http2.ServerRequest";
constexpr std::string_view kMimeHeader[] = {"textproto.MIMEHeader", "http2.Header"};
constexpr FieldSpec<Request> kInternalRequestFields[] = {
    {kInternalRequest, "Method", kString, &Request::method_off},
    {kInternalRequest, "URL", kUrlPtr, &Request::url_off},
    {kInternalRequest, "Header", kMimeHeader, &Request::header_off},
    {kInternalRequest, "Context", kContext, &Request::ctx_off, NS_HTTP_PARAM_CONTEXT, "parents found by context"},
    {kInternalRequest, "ContentLength", kInt64, &Request::content_length_off, NS_HTTP_PARAM_CONTENT_LENGTH,
     "http.request.body.size"},
    {kInternalRequest, "RequestURI", kString, &Request::uri_off, NS_HTTP_PARAM_URI, "url.path, url.query"},
    {kInternalRequest, "Host", kString, &Request::host_off, NS_HTTP_PARAM_HOST, "server.address, server.port"},
    {kInternalRequest, "RemoteAddr", kString, &Request::remote_addr_off, NS_HTTP_PARAM_REMOTE_ADDR,
     "network.peer.address, client.address"},
    {kInternalRequest, "TLS", kTlsState, &Request::tls_off, NS_HTTP_PARAM_TLS, "url.scheme of https requests"},
    {kInternalRequest, "ProtoMajor", kInt, &Request::proto_major_off, NS_HTTP_PARAM_PROTO, "network.protocol.version"},
    {kInternalRequest, "ProtoMinor", kInt, &Request::proto_minor_off, NS_HTTP_PARAM_PROTO, "network.protocol.version"},
};
constexpr FunctionSpec kInternalEnds[] = {{Program::kNetHttpServerEnd, kInternalEnd}};
constexpr FieldSpec<Writer> kInternalWriterFields[] = {
    {"net/http/internal/http2.responseWriter", "rws", kStatePtr, &Writer::state_off},
};
constexpr FieldSpec<Writer> kInternalStateFields[] = {
    {"net/http/internal/http2.responseWriterState", "status", kInt, &Writer::status_rel},
    {"net/http/internal/http2.responseWriterState", "wroteBytes", kInt64, &Writer::written_rel},
};
constexpr FieldSpec<Writer> kInternalStreamFields[] = {
    {"net/http/internal/http2.responseWriterState", "stream", kStreamPtr, &Writer::stream_off},
    {"net/http/internal/http2.stream", "id", kUint32, &Writer::stream_id_off},
};

constexpr std::string_view kXNetStart[] = {"golang.org/x/net/http2.(*serverConn).runHandler"};
constexpr std::string_view kXNetEnd[] = {"golang.org/x/net/http2.(*serverConn).runHandler.func1"};
constexpr FunctionSpec kXNetStarts[] = {{Program::kNetHttpStreamStart, kXNetStart}};
constexpr FunctionSpec kXNetEnds[] = {{Program::kNetHttpServerEnd, kXNetEnd}};
constexpr FieldSpec<Writer> kXNetWriterFields[] = {
    {"golang.org/x/net/http2.responseWriter", "rws", kStatePtr, &Writer::state_off},
};
constexpr FieldSpec<Writer> kXNetStateFields[] = {
    {"golang.org/x/net/http2.responseWriterState", "status", kInt, &Writer::status_rel},
    {"golang.org/x/net/http2.responseWriterState", "wroteBytes", kInt64, &Writer::written_rel},
};
constexpr FieldSpec<Writer> kXNetStreamFields[] = {
    {"golang.org/x/net/http2.responseWriterState", "stream", kStreamPtr, &Writer::stream_off},
    {"golang.org/x/net/http2.stream", "id", kUint32, &Writer::stream_id_off},
};

constexpr HttpStreamCatalog kStreamCatalogs[] = {
    {.library = "net/http HTTP/2 server",
     .writer_type = "*net/http.http2responseWriter",
     .end = kBundledEnds,
     .writer_fields = kBundledWriterFields,
     .state_fields = kBundledStateFields,
     .stream_fields = kBundledStreamFields},
    {.library = "net/http/internal/http2 server",
     .writer_type = "net/http.http2ResponseWriter",
     .start = kInternalStarts,
     .start_when = kXNetServes,
     .end = kInternalEnds,
     .request_type = kInternalRequest,
     .request_fields = kInternalRequestFields,
     .writer_fields = kInternalWriterFields,
     .state_fields = kInternalStateFields,
     .stream_fields = kInternalStreamFields},
    {.library = "golang.org/x/net/http2 server",
     .writer_type = "*golang.org/x/net/http2.responseWriter",
     .start = kXNetStarts,
     .end = kXNetEnds,
     .writer_fields = kXNetWriterFields,
     .state_fields = kXNetStateFields,
     .stream_fields = kXNetStreamFields},
};
static_assert(std::size(kStreamCatalogs) < NS_HTTP_WRITERS);

// Source: net/http/transport.go. The deferred function exists since Go 1.23; it only cancels the request's own context.
constexpr std::string_view kTransportRoundTrip[] = {"net/http.(*Transport).roundTrip"};
constexpr std::string_view kRoundTripDeferred[] = {"net/http.(*Transport).roundTrip.func1"};
constexpr std::string_view kPersistConnRoundTrip[] = {"net/http.(*persistConn).roundTrip"};
constexpr int kResponseAndError[] = {0, 1, 2};

constexpr FunctionSpec kHttpClientStart[] = {{Program::kNetHttpClientStart, kTransportRoundTrip}};

// Source: net/http/transport.go, type persistConn.
constexpr FunctionSpec kPersistConnSend[] = {{Program::kNetHttpClientConnection, kPersistConnRoundTrip}};
constexpr FunctionSpec kBundledSend[] = {{Program::kNetHttpClientConnection, kBundledRoundTrip}};
constexpr FunctionSpec kInternalSend[] = {{Program::kNetHttpClientConnection, kInternalRoundTrip}};
constexpr FunctionSpec kXNetSend[] = {{Program::kNetHttpClientConnection, kXNetRoundTrip}};
constexpr HttpConnectionCatalog kClientConnections[] = {
    {kPersistConnSend, {"net/http.persistConn", "conn", kNetConn}},
    {kBundledSend, {"net/http.http2ClientConn", "tconn", kNetConn}},
    {kInternalSend, {"net/http/internal/http2.ClientConn", "tconn", kNetConn}},
    {kXNetSend, {"golang.org/x/net/http2.ClientConn", "tconn", kNetConn}},
};

// Source: golang.org/x/net/http2/transport.go. Built with Go 1.27, the newest releases leave everything to net/http.
constexpr std::string_view kXNetReadLoop[] = {"golang.org/x/net/http2.(*clientConnReadLoop).run"};
// Which function tries one connection after the other: the last one in older releases.
constexpr std::string_view kXNetTries[] = {"golang.org/x/net/http2.(*Transport).roundTripViaPool",
                                           "golang.org/x/net/http2.(*Transport).roundTripOpt",
                                           "golang.org/x/net/http2.(*Transport).RoundTripOpt"};
constexpr FunctionSpec kXNetClientStart[] = {{Program::kNetHttpClientStart, kXNetTries}};

// Source: net/url/url.go, type URL.
constexpr FieldSpec<Client> kUrlFields[] = {
    {"net/url.URL", "Scheme", kString, &Client::url_scheme_off},
    {"net/url.URL", "User", kUserInfoPtr, &Client::url_user_off},
    {"net/url.URL", "Host", kString, &Client::url_host_off},
    {"net/url.URL", "Path", kString, &Client::url_path_off},
    {"net/url.URL", "RawQuery", kString, &Client::url_raw_query_off},
    {"net/url.URL", "Opaque", kString, &Client::url_opaque_off, NS_CLIENT_PARAM_OPAQUE, "url.full of opaque URLs"},
    {"net/url.URL", "ForceQuery", kBool, &Client::url_force_query_off, NS_CLIENT_PARAM_FORCE_QUERY},
    {"net/url.URL", "Fragment", kString, &Client::url_fragment_off, NS_CLIENT_PARAM_FRAGMENT},
    {"net/url.URL", "RawPath", kString, &Client::url_raw_path_off, NS_CLIENT_PARAM_RAW_PATH,
     "escapes in url.full as they were sent"},
};

// Source: net/http/response.go, type Response. Request is only needed to count redirects.
constexpr FieldSpec<Client> kClientResponseFields[] = {
    {"net/http.Response", "StatusCode", kInt, &Client::response_status_off},
    {"net/http.Response", "Request", kRequestPtr, &Client::response_request_off},
    {"net/http.Response", "ProtoMajor", kInt, &Client::response_proto_major_off, NS_CLIENT_PARAM_PROTO,
     "network.protocol.version"},
    {"net/http.Response", "ProtoMinor", kInt, &Client::response_proto_minor_off, NS_CLIENT_PARAM_PROTO,
     "network.protocol.version"},
    {"net/http.Response", "ContentLength", kInt64, &Client::response_content_length_off, NS_CLIENT_PARAM_CONTENT_LENGTH,
     "http.response.body.size"},
};

}  // namespace

constexpr HttpRequestCatalog kHttpRequestCatalog = {kRequestFields, kServerRequestFields, kClientRequestFields};

constexpr std::span<const HttpStreamCatalog> kHttpStreamCatalogs = kStreamCatalogs;

constexpr HttpServerCatalog kHttpServerCatalog = {"net/http server", kHttpServerFunctions, kHttpServerPanicEnds,
                                                  kServeCleanups, kResponseFields};

// Source: net/http/server.go.
constexpr std::string_view kConnPointer[] = {"*http.conn"};
constexpr std::string_view kServerPointer[] = {"*http.Server"};
constexpr std::string_view kHandlerType[] = {"http.Handler"};
constexpr FieldSpec<ns_handler_params> kServerHandlerFields[] = {
    {"net/http.response", "conn", kConnPointer, &ns_handler_params::response_conn_off},
    {"net/http.conn", "server", kServerPointer, &ns_handler_params::conn_server_off},
    {"net/http.Server", "Handler", kHandlerType, &ns_handler_params::server_handler_off},
};

// Source: chi's chain.go.
constexpr std::string_view kChainTypes[] = {"github.com/go-chi/chi/v5.ChainHandler",
                                            "github.com/go-chi/chi.ChainHandler"};

constexpr HttpHandlerCatalog kHttpHandlerCatalog = {kServerHandlerFields, kChainTypes, "Endpoint"};

constexpr HttpClientCatalog kHttpClientCatalog = {
    "net/http client",  kHttpClientStart,
    kClientConnections, {Program::kNetHttpClientEnd, kTransportRoundTrip, kRoundTripDeferred, kResponseAndError, 1},
    kUrlFields,         kClientResponseFields};

constexpr HttpTwoClientCatalog kHttpTwoClientCatalog = {
    "golang.org/x/net/http2 client",
    kXNetReadLoop,
    kXNetClientStart,
    {Program::kNetHttpClientEnd, kXNetTries, {}, kResponseAndError, 1}};

}  // namespace nodespan::attach
