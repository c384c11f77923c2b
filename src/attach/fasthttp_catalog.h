// SPDX-License-Identifier: Apache-2.0
// The rows of valyala/fasthttp in the catalogue.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "attach/probe_catalog.h"
#include "bpf/abi/nodespan_abi.h"

namespace nodespan::attach {

// A field on the way to another one: of a struct, or of one that is embedded in it.
struct FasthttpStep {
  std::string_view struct_name;
  std::string_view field_name;
  std::string_view type_name;
  std::string_view embedded_struct = {};  // empty: only of the struct itself
};

// A field within structs that lie in each other: the offset is that from the first one. `Params` is a parameter block
// of bpf/abi.
template <typename Params>
struct FasthttpField {
  std::span<const FasthttpStep> steps;
  uint16_t Params::*offset;
  uint32_t present_bit = 0;       // 0: the library needs it
  std::string_view lost_without;  // as in FieldSpec
};

// A call that every request comes by, whose first argument is a part of the RequestCtx.
struct FasthttpStart {
  std::string_view callee;
  std::span<const FasthttpStep> part;  // from the RequestCtx
};

struct FasthttpServerCatalog {
  std::string_view library;
  std::span<const std::string_view> used_when;
  std::span<const std::string_view> serve;  // the loop over the requests of a connection: the first that has the call
  std::span<const FasthttpStart> starts;    // the first that is there
  FunctionSpec end;
  std::string_view hijack_call;  // in `serve`, where a connection is taken over
  std::string_view header_struct;
  std::string_view argument_struct;
  std::span<const FasthttpField<ns_fasthttp_params>> fields;
};

struct FasthttpClientCatalog {
  std::string_view library;
  FunctionSpec start;
  EndSpec end;
  std::span<const FasthttpField<ns_fasthttp_client_params>> fields;
};

extern const FasthttpServerCatalog kFasthttpServerCatalog;
extern const FasthttpClientCatalog kFasthttpClientCatalog;

}  // namespace nodespan::attach
