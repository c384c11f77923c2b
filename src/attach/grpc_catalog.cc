// SPDX-License-Identifier: Apache-2.0
#include "attach/grpc_catalog.h"

namespace nodespan::attach {
namespace {

using Params = ns_grpc_params;

constexpr std::string_view kString[] = {"string"};
constexpr std::string_view kBool[] = {"bool"};
constexpr std::string_view kInt[] = {"int"};
constexpr std::string_view kInt32[] = {"int32"};
constexpr std::string_view kAny[] = {"interface {}", "any"};
constexpr std::string_view kContext[] = {"context.Context"};
constexpr std::string_view kNetAddr[] = {"net.Addr"};
constexpr std::string_view kNetIp[] = {"net.IP"};
constexpr std::string_view kPeer[] = {"peer.Peer"};
constexpr std::string_view kStream[] = {"transport.Stream"};
constexpr std::string_view kStreamPtr[] = {"*transport.Stream"};
constexpr std::string_view kStatusPtr[] = {"*status.Status"};  // of this library, and of genproto's package status
constexpr std::string_view kDescPtr[] = {"*grpc.StreamDesc"};
constexpr std::string_view kConnPtr[] = {"*grpc.ClientConn"};
constexpr std::string_view kAttemptPtr[] = {"*grpc.csAttempt"};
constexpr std::string_view kClientTransport[] = {"transport.ClientTransport"};

// Source: internal/status/status.go; genproto's googleapis/rpc/status/status.pb.go; net/tcpsock.go.
constexpr GrpcField kStatusFields[] = {
    {"google.golang.org/grpc/internal/status.Status", "s", kStatusPtr, &Params::status_proto_off},
    {"google.golang.org/genproto/googleapis/rpc/status.Status", "Code", kInt32, &Params::proto_code_off},
    {"google.golang.org/genproto/googleapis/rpc/status.Status", "Message", kString, &Params::proto_message_off},
};
constexpr GrpcField kTcpAddrFields[] = {
    {"net.TCPAddr", "IP", kNetIp, &Params::tcp_addr_ip_off, NS_GRPC_PARAM_TCP_ADDR, "network.peer.address"},
    {"net.TCPAddr", "Port", kInt, &Params::tcp_addr_port_off, NS_GRPC_PARAM_TCP_ADDR, "network.peer.port"},
};

// Source: server.go; internal/transport/http2_server.go.
constexpr std::string_view kHandleStream[] = {"google.golang.org/grpc.(*Server).handleStream"};
constexpr std::string_view kWriteStatus[] = {
    "google.golang.org/grpc/internal/transport.(*http2Server).writeStatus",   // >= 1.69
    "google.golang.org/grpc/internal/transport.(*http2Server).WriteStatus"};  // <= 1.68

constexpr FunctionSpec kServerFunctions[] = {
    {Program::kGrpcServerStart, kHandleStream},
    {Program::kGrpcServerEnd, kWriteStatus},
};

// Source: internal/transport/transport.go, server_stream.go (>= 1.69).
constexpr GrpcField kStreamFields[] = {
    {"google.golang.org/grpc/internal/transport.Stream", "ctx", kContext, &Params::stream_ctx_off},
    {"google.golang.org/grpc/internal/transport.Stream", "method", kString, &Params::stream_method_off},
};
constexpr GrpcField kServerStream[] = {
    {"google.golang.org/grpc/internal/transport.ServerStream", "Stream", kStream,
     &Params::server_stream_off},  // >= 1.77
    {"google.golang.org/grpc/internal/transport.ServerStream", "Stream", kStreamPtr, &Params::server_stream_off,
     NS_GRPC_PARAM_STREAM_POINTER},
};

// Source: context/context.go.
constexpr GrpcField kMetadataFields[] = {
    {"context.valueCtx", "Context", kContext, &Params::value_ctx_parent_off},
    {"context.valueCtx", "val", kAny, &Params::value_ctx_val_off},
};

// Source: internal/transport/http2_server.go, peer/peer.go.
constexpr GrpcField kServerPeer[] = {
    {"google.golang.org/grpc/internal/transport.http2Server", "peer", kPeer, &Params::server_peer_off},  // >= 1.60
    {"google.golang.org/grpc/internal/transport.http2Server", "remoteAddr", kNetAddr, &Params::server_peer_off},
};
constexpr GrpcField kPeerAddr[] = {
    {"google.golang.org/grpc/peer.Peer", "Addr", kNetAddr, &Params::server_peer_off},
};

// Source: stream.go.
constexpr std::string_view kNewClientStream[] = {"google.golang.org/grpc.newClientStream"};
constexpr std::string_view kFinish[] = {"google.golang.org/grpc.(*clientStream).finish"};
constexpr std::string_view kNewClientStreamWithParams[] = {"google.golang.org/grpc.newClientStreamWithParams",
                                                           "google.golang.org/grpc.newClientStream"};  // 1.33
constexpr std::string_view kCreatedDeferred[] = {"google.golang.org/grpc.newClientStreamWithParams.func1",
                                                 "google.golang.org/grpc.newClientStream.func2"};  // 1.33
constexpr int kStreamAndError[] = {0, 1, 2, 3};
constexpr std::string_view kRefusedCallers[] = {"google.golang.org/grpc.newClientStream.func1",
                                                "google.golang.org/grpc.newClientStream.func2"};

constexpr FunctionSpec kClientFunctions[] = {
    {Program::kGrpcClientStart, kNewClientStream},
    {Program::kGrpcClientFinish, kFinish},
};

constexpr GrpcField kClientFields[] = {
    {"google.golang.org/grpc.StreamDesc", "ServerStreams", kBool, &Params::desc_server_streams_off},
    {"google.golang.org/grpc.StreamDesc", "ClientStreams", kBool, &Params::desc_client_streams_off},
    {"google.golang.org/grpc.clientStream", "desc", kDescPtr, &Params::stream_desc_off},
    {"google.golang.org/grpc.clientStream", "cc", kConnPtr, &Params::stream_conn_off},
    {"google.golang.org/grpc.ClientConn", "target", kString, &Params::conn_target_off, NS_GRPC_PARAM_TARGET,
     "server.address, server.port"},
};
constexpr GrpcField kErrorStatus[] = {
    {"google.golang.org/grpc/internal/status.Error", "s", kStatusPtr, &Params::error_status_off},
    {"google.golang.org/grpc/internal/status.Error", "e", kStatusPtr, &Params::error_status_off,
     NS_GRPC_PARAM_ERROR_PROTO},  // 1.33
};
constexpr GrpcField kAttemptTransport[] = {
    {"google.golang.org/grpc.csAttempt", "transport", kClientTransport, &Params::attempt_transport_off},
    {"google.golang.org/grpc.csAttempt", "t", kClientTransport, &Params::attempt_transport_off},  // <= 1.6x
};
constexpr GrpcField kClientPeerFields[] = {
    {"google.golang.org/grpc.clientStream", "attempt", kAttemptPtr, &Params::stream_attempt_off},
    {"google.golang.org/grpc/internal/transport.http2Client", "remoteAddr", kNetAddr, &Params::client_peer_off},
};

}  // namespace

constexpr GrpcCatalog kGrpcCatalog = {kStatusFields, kTcpAddrFields};

// Source: server.go: what processUnaryRPC, processStreamingRPC and processRPC are given behind the stream.
constexpr GrpcField kServiceImpl[] = {
    {"google.golang.org/grpc.serviceInfo", "serviceImpl", kAny, &ns_grpc_params::service_impl_off,
     NS_GRPC_PARAM_SERVICE},
    {"google.golang.org/grpc.service", "server", kAny, &ns_grpc_params::service_impl_off, NS_GRPC_PARAM_SERVICE},
};

constexpr GrpcServerCatalog kGrpcServerCatalog = {
    "grpc server",
    kServerFunctions,
    {"google.golang.org/grpc.(*Server).processUnaryRPC", "google.golang.org/grpc.(*Server).processStreamingRPC",
     "google.golang.org/grpc.(*Server).processRPC", "google.golang.org/grpc.(*Server).handleStream",
     "google.golang.org/grpc.(*Server).handleMalformedMethodName"},
    kStreamFields,
    kServiceImpl,
    kServerStream,
    kMetadataFields,
    kServerPeer,
    kPeerAddr};

constexpr GrpcClientCatalog kGrpcClientCatalog = {"grpc client",
                                                  kClientFunctions,
                                                  "runtime.newproc",
                                                  kNewClientStreamWithParams,
                                                  {.program = Program::kGrpcClientCreated,
                                                   .candidates = kNewClientStreamWithParams,
                                                   .deferred = kCreatedDeferred,
                                                   .result_words = kStreamAndError,
                                                   .error_word = 2,
                                                   .deferred_only = true},
                                                  "google.golang.org/grpc.endOfClientStream",
                                                  kRefusedCallers,
                                                  {.program = Program::kGrpcClientRefused,
                                                   .candidates = kNewClientStream,
                                                   .deferred = {},
                                                   .result_words = kStreamAndError,
                                                   .error_word = 2,
                                                   .failures_only = true},
                                                  kClientFields,
                                                  kErrorStatus,
                                                  kAttemptTransport,
                                                  kClientPeerFields};

}  // namespace nodespan::attach
