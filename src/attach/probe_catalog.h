// SPDX-License-Identifier: Apache-2.0
// The catalogue: for every traced library, which functions are probed and which fields are read. Data only.
//
// Names change between releases: candidates are tried in order, and additions are safe. The type of a field is checked,
// so that a field that kept its name and changed its meaning disables the probe instead of giving wrong values.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "attach/attach_plan.h"
#include "bpf/abi/nodespan_abi.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

struct FunctionSpec {
  Program program;
  std::span<const std::string_view> candidates;  // names, or patterns of goinspect/names.h for libraries
  uint16_t branch_site_bit;                      // set in `branch_sites` when the site is the stack check's branch
};

// One field to be read. `Params` is the library's parameter block in bpf/abi.
template <typename Params>
struct FieldSpec {
  std::string_view struct_name;
  std::string_view field_name;
  std::span<const std::string_view> type_names;  // accepted types, as reflect prints them
  uint16_t Params::*offset;
  uint32_t present_bit = 0;       // 0: the library needs it
  std::string_view lost_without;  // what spans lack when an optional field is missing; empty: nothing worth saying
};

struct HttpServerCatalog {
  std::string_view library;
  std::span<const FunctionSpec> functions;
  // Where a handler that panics ends when none of `panic_cleanups` calls the end function: one hit more per connection.
  std::span<const FunctionSpec> panic_ends;
  std::span<const std::string_view> panic_cleanups;
  std::span<const FieldSpec<ns_http_server_params>> request_fields;
  // Read in one window at the end of the request; the planner makes their offsets relative to it.
  std::span<const FieldSpec<ns_http_server_params>> response_fields;
};

extern const HttpServerCatalog kHttpServerCatalog;

}  // namespace nodespan::attach
