// SPDX-License-Identifier: Apache-2.0
// Steps that the plans of all libraries for databases are made of, and the rows that they read. Internal to `attach`.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "attach/attach_plan.h"
#include "attach/probe_catalog.h"
#include "bpf/abi/nodespan_abi.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// One kind of call. Those that are not required are left out when they cannot be planned.
struct DatabaseOperationSpec {
  ns_db_operation tag;
  std::string_view name;  // what is lost without it
  FunctionSpec start;
  EndSpec end;
  bool is_required;
};

// Fields to go through from the struct that stands for a connection: pointers are followed, structs are looked into.
struct DatabaseAddressSpec {
  std::span<const std::string_view> server;
  std::span<const std::string_view> port;
  std::span<const std::string_view> database;
};

// An error that a library or a driver makes: a pointer to a struct with some of these fields. Without
// any, a string itself.
struct DatabaseErrorSpec {
  std::string_view type;     // pattern (goinspect/names.h)
  std::string_view code;     // a string, or a uint16; empty: it has none
  std::string_view message;  // a string
};

// Probes at the start and the ends of an operation, with its tag; the errors of PlanProbes and PlanEnds.
absl::StatusOr<std::vector<PlannedProbe>> PlanOperation(const goinspect::GoBinary& binary,
                                                        const DatabaseOperationSpec& spec);

// Adds the probes to the plan. An operation that the binary does not have is left out; one that cannot be planned is
// told of as a problem, or is the error when it is required.
absl::Status TakeOperation(const DatabaseOperationSpec& spec, absl::StatusOr<std::vector<PlannedProbe>> probes,
                           LibraryPlan* plan);

// The ways to all parts of an address.
ns_db_address FindAddress(const goinspect::GoBinary& binary, const goinspect::StructType& from,
                          const DatabaseAddressSpec& spec);

// Whether a type is a pointer to the struct of that pattern.
bool IsPointerTo(std::string_view pattern, const goinspect::Implementation& implementation);

// Adds those of the errors that the binary has to what is known already, as far as there is room; each once.
void AddErrors(const goinspect::GoBinary& binary, std::span<const DatabaseErrorSpec> specs, ns_database_params* params);

}  // namespace nodespan::attach
