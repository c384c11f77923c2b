// SPDX-License-Identifier: Apache-2.0
// The rows of google.golang.org/grpc in the catalogue.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "attach/probe_catalog.h"
#include "bpf/abi/nodespan_abi.h"

namespace nodespan::attach {

using GrpcField = FieldSpec<ns_grpc_params>;
// One field that had several names, the newest first. All have the same offset in the parameters.
using GrpcFieldNames = std::span<const GrpcField>;

// What servers and clients read.
struct GrpcCatalog {
  std::span<const GrpcField> status_fields;
  std::span<const GrpcField> tcp_addr_fields;
};

struct GrpcServerCatalog {
  std::string_view library;
  std::span<const FunctionSpec> functions;
  // By ns_grpc_end_caller; what a release does not have is left out.
  std::array<std::string_view, NS_GRPC_CALLER_COUNT> end_callers;
  std::span<const GrpcField> stream_fields;
  GrpcFieldNames service_impl;
  GrpcFieldNames server_stream;  // Stream in ServerStream, by value or by pointer; without: the stream is a Stream
  std::span<const GrpcField> metadata_fields;
  GrpcFieldNames peer;
  std::span<const GrpcField> peer_addr;  // in the struct that `peer` may be
};

struct GrpcClientCatalog {
  std::string_view library;
  std::span<const FunctionSpec> functions;
  // Where a stream gets known: `watch_call` in `watch_callers`, once in the function and for streams only; in releases
  // where failures are not seen otherwise, `created`, which has stream and error and is hit by every call.
  std::string_view watch_call;
  std::span<const std::string_view> watch_callers;
  EndSpec created;
  // Calls that fail before their stream exists: the call of `refused_target` in one of `refused_callers`, which has the
  // error as second argument; in older releases the failing returns of the function itself.
  std::string_view refused_target;
  std::span<const std::string_view> refused_callers;
  EndSpec refused;
  std::span<const GrpcField> fields;
  GrpcFieldNames error_status;
  GrpcFieldNames attempt_transport;
  std::span<const GrpcField> peer_fields;
};

extern const GrpcCatalog kGrpcCatalog;
extern const GrpcServerCatalog kGrpcServerCatalog;
extern const GrpcClientCatalog kGrpcClientCatalog;

}  // namespace nodespan::attach
