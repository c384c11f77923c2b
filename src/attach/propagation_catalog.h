// SPDX-License-Identifier: Apache-2.0
// The rows of the catalogue for messages that carry the trace on: where they are written, and what they are written
// into.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "attach/probe_catalog.h"
#include "bpf/abi/nodespan_abi.h"

namespace nodespan::attach {

// The call of `target` in one of `callers`.
struct WriteSpec {
  Program program;
  std::string_view target;
  std::span<const std::string_view> callers;
};

struct HttpPropagationCatalog {
  std::string_view library;
  std::span<const FunctionSpec> request;
  FieldName pointer;  // to the request, in what the function is given
  FieldName headers;  // in the request
  WriteSpec write;    // the first of the calls
  std::span<const FieldSpec<ns_propagation_params>> writer_fields;
};

// One copy of the package http2.
struct StreamPropagationCatalog {
  std::string_view library;
  std::span<const FunctionSpec> request;
  FieldName headers;
  std::span<const FunctionSpec> stream;
  WriteSpec write;
};

struct GrpcPropagationCatalog {
  std::string_view library;
  WriteSpec put;
  // Fields by the names that they have had: of each list the first that is there.
  std::span<const FieldSpec<ns_propagation_params>> frame_fields;  // of what NewStream puts to be written
  std::span<const FieldSpec<ns_propagation_params>> batch_fields;  // the buffer, or a pointer to it
  std::span<const FieldSpec<ns_propagation_params>> fields;
  std::string_view header_field;  // the type whose size is needed
  WriteSpec write;
};

extern const HttpPropagationCatalog kHttpPropagationCatalog;
extern const std::span<const StreamPropagationCatalog> kStreamPropagationCatalogs;
extern const GrpcPropagationCatalog kGrpcPropagationCatalog;

}  // namespace nodespan::attach
