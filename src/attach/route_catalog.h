// SPDX-License-Identifier: Apache-2.0
// The rows of the routers in the catalogue: where each of them can be asked which route a request took.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "attach/probe_catalog.h"
#include "bpf/abi/nodespan_abi.h"

namespace nodespan::attach {

// One step from a router's object to the string: a field, and whether to follow it as a pointer.
struct RouteStep {
  std::string_view struct_name;
  std::string_view field_name;
  std::string_view type_name;
  bool follow = false;
};

// Where the handler that the router chose is: a field of the object, or the first two words of the site.
struct RouteHandler {
  ns_handler_kind kind = NS_HANDLER_NONE;
  std::string_view struct_name;  // of the object, when it is a field
  std::string_view field_name;
  std::string_view type_name;
  // The closure that the router puts around each handler, and the function to which it passes the handler first.
  std::string_view wrapper;
  std::string_view wrapper_calls;
  bool is_behind = false;  // a field of the struct that has the route, behind the pointer
};

enum class RouteSite {
  kPoolPut,     // the calls of sync.(*Pool).Put in the function that give the object back
  kArgument,    // the start of the function, which has the object as an argument
  kEndResults,  // the end of the function, whose result words are the handler and the string, or only the string
  kBehindCall,  // behind the call of another one in the function, whose results are the handler
  kCaptured,    // the start of a closure that has captured the object
};

// Rows of one library that follow each other are alternatives: the first one that can be planned counts.
struct RouteCatalog {
  std::string_view library;
  ns_route_source source;
  ns_route_kind kind;
  RouteSite site;
  // The first one that is in the binary; for kPoolPut the first one that has a site.
  std::span<const std::string_view> functions;
  std::string_view object_type;       // kPoolPut
  std::string_view callee = {};       // kBehindCall
  std::span<const int> results = {};  // kBehindCall: the handler and, if the kind is a value, the string
  int argument = 0;                   // kArgument, kBehindCall: which word of the arguments is the object
  EndSpec end = {};                   // kEndResults
  std::span<const RouteStep> steps;   // empty: the words of the site are what the kind says
  RouteHandler handler = {};
  RouteStep owner = {};              // kCaptured: a field of the object, whose value is captured as well
  RouteStep unless = {};             // next to the route: a bool that says that it is none
  uint32_t needs_request_field = 0;  // NS_HTTP_PARAM_*, any of them
};

extern const std::span<const RouteCatalog> kRouteCatalogs;

}  // namespace nodespan::attach
