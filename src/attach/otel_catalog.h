// SPDX-License-Identifier: Apache-2.0
// The rows of the OpenTelemetry API (go.opentelemetry.io/otel, .../auto/sdk) in the catalogue.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "attach/probe_catalog.h"
#include "bpf/abi/nodespan_abi.h"

namespace nodespan::attach {

// A function that starts spans, by what its arguments are.
struct OtelStartSpec {
  ns_otel_start arguments;
  FunctionSpec function;
};

// A function that is called for a span, and what the call does to it.
struct OtelCallSpec {
  ns_api_action action;
  FunctionSpec function;
  std::string_view lost_without;  // empty: the library is of no use without it
};

// What both kinds of spans need: how a context leads to its span.
struct OtelContextCatalog {
  std::string_view key_type;
  std::array<std::string_view, NS_OTEL_SPAN_TYPES> span_types;
  std::string_view value_context;  // as FindImplementations has it
  std::string_view value_context_struct;
  std::string_view key_field;
  std::string_view value_field;
};

// A module that has the recording spans of go.opentelemetry.io/auto/sdk.
struct OtelSdkCatalog {
  ns_otel_span_type type;
  FunctionSpec start;
  FunctionSpec ended;
};

struct OtelSdksCatalog {
  std::string_view library;
  std::span<const std::string_view> used_when;
  std::span<const OtelSdkCatalog> modules;
};

// Elements of a slice that a call is given, and a struct in them. Offsets of all fields are from the element's start.
struct OtelElementCatalog {
  std::string_view struct_name;
  uint16_t ns_otel_params::*bytes;  // its size
  std::span<const FieldSpec<ns_otel_params>> fields;
  std::string_view inner_field;
  std::span<const std::string_view> inner_type_names;
  std::span<const FieldSpec<ns_otel_params>> inner_fields;
  uint32_t present_bit;
};

struct OtelGlobalCatalog {
  std::string_view library;
  std::span<const std::string_view> used_when;
  std::span<const OtelStartSpec> starts;  // the first that is in the binary
  EndSpec created;
  std::span<const OtelCallSpec> calls;
  std::span<const FieldSpec<ns_otel_params>> fields;
  std::string_view attribute_option_type;
  OtelElementCatalog attributes;
  std::string_view span_option_type;
  std::string_view timestamp_option_type;
  std::span<const FieldSpec<ns_otel_params>> time_fields;
  OtelElementCatalog links;
};

// How a program is known to export spans of its own: ExportSpans of every type behind the interface.
struct OwnSdkCatalog {
  std::string_view library;
  std::span<const std::string_view> used_when;
  std::string_view exporter_interface;
  std::string_view method;
  Program program;
  std::span<const std::string_view>
      not_exporters;  // types, as their packages have them, that keep spans in the process
};

extern const OwnSdkCatalog kOwnSdkCatalog;
extern const OtelContextCatalog kOtelContextCatalog;
extern const OtelSdksCatalog kOtelSdksCatalog;
extern const OtelGlobalCatalog kOtelGlobalCatalog;

}  // namespace nodespan::attach
