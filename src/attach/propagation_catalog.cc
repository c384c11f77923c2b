// SPDX-License-Identifier: Apache-2.0
#include "attach/propagation_catalog.h"

#include "attach/http_two_names.h"

namespace nodespan::attach {
namespace {

using Propagation = ns_propagation_params;

constexpr std::string_view kInt[] = {"int"};
constexpr std::string_view kBytes[] = {"[]uint8"};
constexpr std::string_view kString[] = {"string"};
constexpr std::string_view kRequestPtr[] = {"*http.Request"};
constexpr std::string_view kHeader[] = {"http.Header"};
constexpr std::string_view kFields[] = {"[]hpack.HeaderField"};
constexpr std::string_view kBytesPtr[] = {"*[]uint8"};
constexpr std::string_view kBufferPtr[] = {"*bytes.Buffer"};
constexpr std::string_view kFramerPtr[] = {"*transport.framer"};
constexpr std::string_view kBufWriterPtr[] = {"*transport.bufWriter"};

// Source: net/http/transport.go, (*persistConn).roundTrip and writeLoop; net/http/request.go, (*Request).write;
// bufio/bufio.go, type Writer.
constexpr std::string_view kPersistConnRoundTrip[] = {"net/http.(*persistConn).roundTrip"};
constexpr std::string_view kRequestWrite[] = {"net/http.(*Request).write"};
constexpr FunctionSpec kHttpRequest[] = {{Program::kPropagateHttpRequest, kPersistConnRoundTrip}};
constexpr FieldSpec<Propagation> kWriterFields[] = {
    {"bufio.Writer", "buf", kBytes, &Propagation::writer_buf_off},
    {"bufio.Writer", "n", kInt, &Propagation::writer_n_off},
};

// Source: http2/transport.go of the three copies: golang.org/x/net/http2, the one in net/http up to Go 1.26, and
// net/http/internal/http2. roundTrip starts doRequest on a goroutine of its own since Go 1.18.
constexpr std::string_view kXNetDoRequest[] = {"golang.org/x/net/http2.(*clientStream).doRequest"};
constexpr std::string_view kXNetWriteHeaders[] = {"golang.org/x/net/http2.(*ClientConn).writeHeaders"};
constexpr std::string_view kFlush = "bufio.(*Writer).Flush";
constexpr FunctionSpec kXNetRequest[] = {{Program::kPropagateHttpRequest, kXNetRoundTrip}};
constexpr FunctionSpec kXNetStream[] = {{Program::kPropagateHttpStream, kXNetDoRequest}};

constexpr std::string_view kBundledDoRequest[] = {"net/http.(*http2clientStream).doRequest"};
constexpr std::string_view kBundledWriteHeaders[] = {"net/http.(*http2ClientConn).writeHeaders"};
constexpr FunctionSpec kBundledRequest[] = {{Program::kPropagateHttpRequest, kBundledRoundTrip}};
constexpr FunctionSpec kBundledStream[] = {{Program::kPropagateHttpStream, kBundledDoRequest}};

constexpr std::string_view kInternalDoRequest[] = {"net/http/internal/http2.(*clientStream).doRequest"};
constexpr std::string_view kInternalWriteHeaders[] = {"net/http/internal/http2.(*ClientConn).writeHeaders"};
constexpr std::string_view kInternalHeader[] = {"textproto.MIMEHeader", "http2.Header"};
constexpr FunctionSpec kInternalRequest[] = {{Program::kPropagateHttpRequest, kInternalRoundTrip}};
constexpr FunctionSpec kInternalStream[] = {{Program::kPropagateHttpStream, kInternalDoRequest}};

constexpr StreamPropagationCatalog kStreams[] = {
    {.library = "net/http HTTP/2 client propagation",
     .request = kBundledRequest,
     .headers = {"net/http.Request", "Header", kHeader},
     .stream = kBundledStream,
     .write = {Program::kPropagateHttpFrame, kFlush, kBundledWriteHeaders}},
    {.library = "net/http/internal/http2 client propagation",
     .request = kInternalRequest,
     .headers = {"net/http/internal/http2.ClientRequest", "Header", kInternalHeader},
     .stream = kInternalStream,
     .write = {Program::kPropagateHttpFrame, kFlush, kInternalWriteHeaders}},
    {.library = "golang.org/x/net/http2 client propagation",
     .request = kXNetRequest,
     .headers = {"net/http.Request", "Header", kHeader},
     .stream = kXNetStream,
     .write = {Program::kPropagateHttpFrame, kFlush, kXNetWriteHeaders}},
};

// Source: grpc/internal/transport/http2_client.go, NewStream; controlbuf.go, (*loopyWriter).writeHeader. The frame of
// clients has a type of its own since 1.82.1.
constexpr std::string_view kNewStream[] = {"google.golang.org/grpc/internal/transport.(*http2Client).NewStream"};
constexpr std::string_view kWriteHeader[] = {"google.golang.org/grpc/internal/transport.(*loopyWriter).writeHeader"};
constexpr std::string_view kWriteHeaders = "golang.org/x/net/http2.(*Framer).WriteHeaders";
constexpr FieldSpec<Propagation> kFrameFields[] = {
    {"google.golang.org/grpc/internal/transport.clientHeaders", "hf", kFields, &Propagation::frame_fields_off},
    {"google.golang.org/grpc/internal/transport.headerFrame", "hf", kFields, &Propagation::frame_fields_off},
};
// The buffer is that of the connection, or one of a pool while something is in it; what has it is a pointer since 1.83.
constexpr FieldSpec<Propagation> kBatchFields[] = {
    {"google.golang.org/grpc/internal/transport.bufWriter", "buf", kBytes, &Propagation::batch_buf_off},
    {"google.golang.org/grpc/internal/transport.bufWriter", "bufHandle", kBytesPtr, &Propagation::batch_buf_off},
};
constexpr FieldSpec<Propagation> kGrpcFields[] = {
    {"google.golang.org/grpc/internal/transport.bufWriter", "offset", kInt, &Propagation::batch_n_off},
    {"google.golang.org/grpc/internal/transport.framer", "writer", kBufWriterPtr, &Propagation::framer_writer_off},
    {"google.golang.org/grpc/internal/transport.loopyWriter", "framer", kFramerPtr, &Propagation::loopy_framer_off},
    {"google.golang.org/grpc/internal/transport.loopyWriter", "hBuf", kBufferPtr, &Propagation::loopy_block_off},
    {"bytes.Buffer", "off", kInt, &Propagation::block_read_off},
    {"golang.org/x/net/http2/hpack.HeaderField", "Name", kString, &Propagation::field_name_off},
};

}  // namespace

constexpr HttpPropagationCatalog kHttpPropagationCatalog = {
    "net/http client propagation",
    kHttpRequest,
    {"net/http.transportRequest", "Request", kRequestPtr},
    {"net/http.Request", "Header", kHeader},
    {Program::kPropagateHttpWrite, "net/http.Header.writeSubset", kRequestWrite},
    kWriterFields};

constexpr std::span<const StreamPropagationCatalog> kStreamPropagationCatalogs = kStreams;

constexpr GrpcPropagationCatalog kGrpcPropagationCatalog = {
    "gRPC client propagation",
    {Program::kPropagateGrpcFields, "google.golang.org/grpc/internal/transport.(*controlBuffer).executeAndPut",
     kNewStream},
    kFrameFields,
    kBatchFields,
    kGrpcFields,
    "golang.org/x/net/http2/hpack.HeaderField",
    {Program::kPropagateGrpcWrite, kWriteHeaders, kWriteHeader}};

}  // namespace nodespan::attach
