// SPDX-License-Identifier: Apache-2.0
#include "attach/fasthttp_catalog.h"

namespace nodespan::attach {
namespace {

using Params = ns_fasthttp_params;
using Client = ns_fasthttp_client_params;

constexpr std::string_view kCtx = "github.com/valyala/fasthttp.RequestCtx";
constexpr std::string_view kRequest = "github.com/valyala/fasthttp.Request";
constexpr std::string_view kResponse = "github.com/valyala/fasthttp.Response";
constexpr std::string_view kServer = "github.com/valyala/fasthttp.Server";
constexpr std::string_view kRequestHeader = "github.com/valyala/fasthttp.RequestHeader";
constexpr std::string_view kResponseHeader = "github.com/valyala/fasthttp.ResponseHeader";
// What both headers have in common in later releases; before that each has it itself.
constexpr std::string_view kHeader = "github.com/valyala/fasthttp.header";
constexpr std::string_view kArgument = "github.com/valyala/fasthttp.argsKV";
constexpr std::string_view kBuffer = "github.com/valyala/bytebufferpool.ByteBuffer";
constexpr std::string_view kUriStruct = "github.com/valyala/fasthttp.URI";
constexpr std::string_view kBytes = "[]uint8";

// Source of the functions: server.go, (*Server).serveConn, which in later releases only calls serveConnCounted.
constexpr std::string_view kServe[] = {"github.com/valyala/fasthttp.(*Server).serveConnCounted",
                                       "github.com/valyala/fasthttp.(*Server).serveConn"};
constexpr std::string_view kWriteResponse[] = {"github.com/valyala/fasthttp.writeResponse"};

constexpr FasthttpStep kCtxRequest = {kCtx, "Request", "fasthttp.Request"};
constexpr FasthttpStep kCtxResponse = {kCtx, "Response", "fasthttp.Response"};
constexpr FasthttpStep kHeaderOfRequest = {kRequest, "Header", "fasthttp.RequestHeader"};
constexpr FasthttpStep kHeaderOfResponse = {kResponse, "Header", "fasthttp.ResponseHeader"};

constexpr FasthttpStep kRequestPart[] = {kCtxRequest};
constexpr FasthttpStep kHeaderPart[] = {kCtxRequest, kHeaderOfRequest};

// MayContinue(req) is small enough to be inlined in some releases; it then calls peek(h, key), and nothing else in the
// loop does.
constexpr FasthttpStart kStarts[] = {
    {"github.com/valyala/fasthttp.(*Request).MayContinue", kRequestPart},
    {"github.com/valyala/fasthttp.(*RequestHeader).peek", kHeaderPart},
};

constexpr FasthttpStep kIsTls[] = {kCtxRequest, {kRequest, "isTLS", "bool"}};
constexpr FasthttpStep kStatus[] = {kCtxResponse, kHeaderOfResponse, {kResponseHeader, "statusCode", "int", kHeader}};
constexpr FasthttpStep kResponseLength[] = {
    kCtxResponse, kHeaderOfResponse, {kResponseHeader, "contentLength", "int", kHeader}};
constexpr FasthttpStep kBodyStream[] = {kCtxResponse, {kResponse, "bodyStream", "io.Reader"}};
constexpr FasthttpStep kBodyRaw[] = {kCtxResponse, {kResponse, "bodyRaw", kBytes}};
constexpr FasthttpStep kBody[] = {kCtxResponse, {kResponse, "body", "*bytebufferpool.ByteBuffer"}};
constexpr FasthttpStep kBufferBytes[] = {{kBuffer, "B", kBytes}};
constexpr FasthttpStep kConn[] = {{kCtx, "c", "net.Conn"}};
constexpr FasthttpStep kCtxServer[] = {{kCtx, "s", "*fasthttp.Server"}};
constexpr FasthttpStep kHandler[] = {{kServer, "Handler", "fasthttp.RequestHandler"}};
constexpr FasthttpStep kMethod[] = {{kRequestHeader, "method", kBytes, kHeader}};
constexpr FasthttpStep kUri[] = {{kRequestHeader, "requestURI", kBytes, kHeader}};
constexpr FasthttpStep kHost[] = {{kRequestHeader, "host", kBytes, kHeader}};
constexpr FasthttpStep kUserAgent[] = {{kRequestHeader, "userAgent", kBytes, kHeader}};
constexpr FasthttpStep kContentType[] = {{kRequestHeader, "contentType", kBytes, kHeader}};
constexpr FasthttpStep kContentLength[] = {{kRequestHeader, "contentLength", "int", kHeader}};
constexpr FasthttpStep kNoHttp11[] = {{kRequestHeader, "noHTTP11", "bool", kHeader}};
constexpr FasthttpStep kArguments[] = {{kRequestHeader, "h", "[]fasthttp.argsKV", kHeader}};
constexpr FasthttpStep kKey[] = {{kArgument, "key", kBytes}};
constexpr FasthttpStep kValue[] = {{kArgument, "value", kBytes}};

constexpr std::string_view kNoBody = "http.response.body.size";
constexpr std::string_view kNoHandler = "code.function.name";
constexpr std::string_view kNoHeaders = "request headers (traceparent)";

constexpr FasthttpField<Params> kFields[] = {
    {kHeaderPart, &Params::request_header_off},
    {kMethod, &Params::method_off},
    {kUri, &Params::uri_off},
    {kStatus, &Params::status_off},
    {kHost, &Params::host_off, NS_FASTHTTP_PARAM_HOST, "server.address"},
    {kUserAgent, &Params::user_agent_off, NS_FASTHTTP_PARAM_USER_AGENT, "user_agent.original"},
    {kContentType, &Params::content_type_off, NS_FASTHTTP_PARAM_CONTENT_TYPE, "http.request.header.content-type"},
    {kArguments, &Params::args_off, NS_FASTHTTP_PARAM_HEADERS, kNoHeaders},
    {kKey, &Params::arg_key_off, NS_FASTHTTP_PARAM_HEADERS, kNoHeaders},
    {kValue, &Params::arg_value_off, NS_FASTHTTP_PARAM_HEADERS, kNoHeaders},
    {kContentLength, &Params::content_length_off, NS_FASTHTTP_PARAM_CONTENT_LENGTH, "http.request.body.size"},
    {kNoHttp11, &Params::no_http11_off, NS_FASTHTTP_PARAM_PROTO, "network.protocol.version"},
    {kIsTls, &Params::is_tls_off, NS_FASTHTTP_PARAM_TLS, "url.scheme"},
    {kConn, &Params::conn_off, NS_FASTHTTP_PARAM_CONN, "network.peer.address"},
    {kBodyStream, &Params::body_stream_off, NS_FASTHTTP_PARAM_BODY, kNoBody},
    {kBodyRaw, &Params::body_raw_off, NS_FASTHTTP_PARAM_BODY, kNoBody},
    {kBody, &Params::body_off, NS_FASTHTTP_PARAM_BODY, kNoBody},
    {kBufferBytes, &Params::buffer_off, NS_FASTHTTP_PARAM_BODY, kNoBody},
    {kResponseLength, &Params::response_length_off, NS_FASTHTTP_PARAM_BODY, kNoBody},
    {kCtxServer, &Params::server_off, NS_FASTHTTP_PARAM_HANDLER, kNoHandler},
    {kHandler, &Params::handler_off, NS_FASTHTTP_PARAM_HANDLER, kNoHandler},
};

// Source: client.go, type transport; http.go; uri.go.
constexpr std::string_view kRoundTrip[] = {"github.com/valyala/fasthttp.(*transport).RoundTrip"};
constexpr int kRetryAndError[] = {1, 2};  // of (retry bool, err error) the error

constexpr FasthttpStep kUriOfRequest = {kRequest, "uri", "fasthttp.URI"};
constexpr FasthttpStep kSentMethod[] = {kHeaderOfRequest, {kRequestHeader, "method", kBytes, kHeader}};
constexpr FasthttpStep kSentTarget[] = {kHeaderOfRequest, {kRequestHeader, "requestURI", kBytes, kHeader}};
constexpr FasthttpStep kSentLength[] = {kHeaderOfRequest, {kRequestHeader, "contentLength", "int", kHeader}};
constexpr FasthttpStep kScheme[] = {kUriOfRequest, {kUriStruct, "scheme", kBytes}};
constexpr FasthttpStep kUriHost[] = {kUriOfRequest, {kUriStruct, "host", kBytes}};
constexpr FasthttpStep kUser[] = {kUriOfRequest, {kUriStruct, "username", kBytes}};
constexpr FasthttpStep kGivenStatus[] = {kHeaderOfResponse, {kResponseHeader, "statusCode", "int", kHeader}};
constexpr FasthttpStep kGivenLength[] = {kHeaderOfResponse, {kResponseHeader, "contentLength", "int", kHeader}};
constexpr FasthttpStep kGivenNoHttp11[] = {kHeaderOfResponse, {kResponseHeader, "noHTTP11", "bool", kHeader}};
constexpr FasthttpStep kGivenPeer[] = {{kResponse, "raddr", "net.Addr"}};

constexpr FasthttpField<Client> kClientFields[] = {
    {kSentMethod, &Client::method_off},
    {kSentTarget, &Client::target_off},
    {kSentLength, &Client::request_length_off},
    {kScheme, &Client::scheme_off},
    {kUriHost, &Client::host_off},
    {kUser, &Client::user_off},
    {kGivenStatus, &Client::status_off},
    {kGivenLength, &Client::response_length_off},
    {kGivenNoHttp11, &Client::no_http11_off},
    {kGivenPeer, &Client::peer_off, NS_FASTHTTP_CLIENT_PARAM_PEER, "network.peer.address"},
};

}  // namespace

constexpr FasthttpServerCatalog kFasthttpServerCatalog = {"github.com/valyala/fasthttp server",
                                                          kWriteResponse,
                                                          kServe,
                                                          kStarts,
                                                          {Program::kFasthttpServerEnd, kWriteResponse},
                                                          "runtime.newproc",
                                                          kRequestHeader,
                                                          kArgument,
                                                          kFields};

constexpr FasthttpClientCatalog kFasthttpClientCatalog = {
    "github.com/valyala/fasthttp client",
    {Program::kFasthttpClientStart, kRoundTrip},
    {Program::kFasthttpClientEnd, kRoundTrip, {}, kRetryAndError, 0},
    kClientFields};

}  // namespace nodespan::attach
