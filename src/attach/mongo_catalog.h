// SPDX-License-Identifier: Apache-2.0
// The rows of go.mongodb.org/mongo-driver in the catalogue. All names are patterns (goinspect/names.h).
#pragma once

#include <span>
#include <string_view>

#include "attach/database_steps.h"
#include "bpf/abi/nodespan_abi.h"

namespace nodespan::attach {

// An error that has what the server has answered: the code and the message of itself, of what one of its fields points
// to, or of the first element of that field.
struct MongoErrorSpec {
  ns_mongo_error_kind kind;
  std::string_view type;
  std::string_view field;       // empty: of itself
  std::string_view field_type;  // the struct that it leads to
};

struct MongoCatalog {
  std::string_view library;
  std::span<const std::string_view> used_when;
  std::string_view execute;  // the function that says where the program has the module
  DatabaseOperationSpec operation;
  FunctionSpec command;
  // The interface that chooses servers, and the type by which the driver asks for itself.
  std::string_view deployment;
  std::string_view own_deployment;
  std::string_view conn;
  std::span<const std::string_view> server;  // from there
  FieldName split_conn;                      // of what stands for a connection in v2
  FieldName first_deferred;
  FieldName deferred_function;
  std::string_view batches_interface;
  FieldName batches;
  std::string_view code;
  std::string_view message;
  std::span<const MongoErrorSpec> errors;
  FieldName wrapped;
};

extern const MongoCatalog kMongoCatalog;

}  // namespace nodespan::attach
