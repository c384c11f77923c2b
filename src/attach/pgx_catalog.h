// SPDX-License-Identifier: Apache-2.0
// The rows of jackc/pgx in the catalogue. All names are patterns (goinspect/names.h).
#pragma once

#include <span>
#include <string_view>

#include "attach/database_steps.h"

namespace nodespan::attach {

// Where the rows of a query are closed: behind the only call of `callee` in `function`, whose first argument they are,
// or where the query itself calls `function` because it has failed.
struct PgxRowsSpec {
  Program program;
  Program failed;
  std::string_view function;
  std::string_view callee;
  std::span<const int> results;  // words of its results: the error
};

// A kind of results of a batch: the start of their Close, and its end.
struct PgxBatchSpec {
  FunctionSpec closing;
  EndSpec closed;
  std::string_view results;  // struct that has the Conn
};

// A field that spans can do without.
struct PgxFieldSpec {
  std::string_view struct_name;
  std::span<const std::string_view> field_names;  // in one release or another
  std::string_view type_name;
};

struct PgxCatalog {
  std::string_view library;
  std::span<const std::string_view> used_when;
  std::string_view query;  // the function that says where the program has the module
  std::span<const DatabaseOperationSpec> operations;
  FunctionSpec send_query;
  PgxRowsSpec rows;
  FunctionSpec send_batch;
  std::span<const PgxBatchSpec> batches;
  std::string_view rows_struct;
  std::string_view error_field;
  std::string_view conn_field;  // in it, and in the results of batches
  std::string_view conn_type;
  PgxFieldSpec batch_queries;
  PgxFieldSpec queued_sql;
  std::string_view conn;
  DatabaseAddressSpec address;  // from there
  std::span<const DatabaseErrorSpec> errors;
};

extern const PgxCatalog kPgxCatalog;

}  // namespace nodespan::attach
