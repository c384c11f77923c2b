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
};

extern const SqlCatalog kSqlCatalog;

}  // namespace nodespan::attach
