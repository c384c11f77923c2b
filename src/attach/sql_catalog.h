// SPDX-License-Identifier: Apache-2.0
// The rows of database/sql and its drivers in the catalogue.
#pragma once

#include <span>
#include <string_view>

#include "attach/database_steps.h"
#include "attach/probe_catalog.h"
#include "bpf/abi/nodespan_abi.h"

namespace nodespan::attach {

struct SqlDriverSpec {
  std::string_view connection;  // pattern (goinspect/names.h) of the struct behind driver.Conn
  DatabaseAddressSpec address;  // from there
};

// A function that gets a connection from the pool for the operation that it begins next.
struct SqlWaiterSpec {
  ns_db_operation tag;
  std::span<const std::string_view> callers;  // of (*DB).conn: candidates
  EndSpec refused;                            // where it returns without a connection
  bool has_query;                             // words 3 and 4 of its arguments are a statement's text
};

struct SqlCatalog {
  std::string_view library;
  std::span<const std::string_view> used_when;
  std::span<const DatabaseOperationSpec> operations;
  std::span<const FunctionSpec> statements;  // where the text of prepared statements is
  std::span<const FieldSpec<ns_sql_params>> fields;
  std::span<const FieldSpec<ns_sql_params>> statement_fields;
  std::span<const FieldSpec<ns_sql_params>> transaction_fields;
  std::span<const SqlDriverSpec> drivers;
  std::span<const DatabaseErrorSpec> errors;
  // Where calls that wait for a connection pass by: the only call of `wait_call` in `wait_caller`.
  std::string_view wait_call;
  std::span<const std::string_view> wait_caller;
  std::span<const SqlWaiterSpec> waiters;
  std::span<const FieldSpec<ns_sql_params>> connector_fields;
  std::span<const FieldSpec<ns_sql_params>> dsn_connector_fields;
  std::span<const FieldSpec<ns_sql_params>> stmt_db_fields;
};

extern const SqlCatalog kSqlCatalog;

}  // namespace nodespan::attach
