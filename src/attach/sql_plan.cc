// SPDX-License-Identifier: Apache-2.0
#include "attach/sql_plan.h"

#include <iterator>
#include <utility>

#include "attach/database_steps.h"
#include "attach/plan_steps.h"
#include "attach/sql_catalog.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;
using goinspect::Implementation;

bool IsTransaction(ns_db_operation tag) { return tag == NS_DB_OP_COMMIT || tag == NS_DB_OP_ROLLBACK; }
bool IsPrepared(ns_db_operation tag) { return tag == NS_DB_OP_PREPARED_QUERY || tag == NS_DB_OP_PREPARED_EXEC; }

void PlanDrivers(const GoBinary& binary, ns_sql_params* sql, LibraryPlan* plan) {
  const auto connections = binary.FindImplementations("database/sql/driver.Conn");
  size_t count = 0;
  for (const Implementation& connection : connections.ok() ? *connections : std::vector<Implementation>()) {
    plan->details.push_back(fmt::format("driver {}", connection.type_name));
    for (const SqlDriverSpec& spec : kSqlCatalog.drivers) {
      const auto type = binary.StructAt(connection.type_vaddr);
      if (count == NS_SQL_DRIVERS || !IsPointerTo(spec.connection, connection) || !type.ok()) {
        continue;
      }
      ns_sql_driver& driver = sql->drivers[count];
      driver.address = FindAddress(binary, *type, spec.address);
      if (driver.address.server.steps == 0 && driver.address.database.steps == 0) {
        plan->problems.push_back(
            fmt::format("without server.address and db.namespace of {}: its structs differ", connection.type_name));
        driver = {};
        continue;
      }
      driver.conn_itab_vaddr = connection.itab_vaddr;
      ++count;
    }
  }
}

// The text of prepared statements; without it their spans have no text.
void PlanStatements(const GoBinary& binary, ns_sql_params* sql, LibraryPlan* plan) {
  uint32_t present = 0;
  absl::Status status = ResolveFields<ns_sql_params>(binary, kSqlCatalog.statement_fields, sql, &present, plan);
  for (const FunctionSpec& spec : kSqlCatalog.statements) {
    absl::StatusOr<std::vector<PlannedProbe>> probes = PlanProbes(binary, {&spec, 1});
    if (status.ok() && probes.ok()) {
      std::move(probes->begin(), probes->end(), std::back_inserter(plan->probes));
    } else if (status.ok() && !absl::IsNotFound(probes.status())) {
      status = probes.status();
    }
  }
  if (!status.ok()) {
    plan->problems.push_back(fmt::format("without the text of prepared statements: {}", base::Message(status)));
  }
}

absl::Status Plan(const GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  ns_sql_params* sql = &params->sql;
  uint32_t present = 0;
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_sql_params>(binary, kSqlCatalog.fields, sql, &present, plan));
  const absl::Status has_transactions =
      ResolveFields<ns_sql_params>(binary, kSqlCatalog.transaction_fields, sql, &present, plan);
  bool has_prepared = false;
  for (const DatabaseOperationSpec& spec : kSqlCatalog.operations) {
    absl::StatusOr<std::vector<PlannedProbe>> probes = PlanOperation(binary, spec);
    if (probes.ok() && IsTransaction(spec.tag) && !has_transactions.ok()) {
      probes = has_transactions;
    }
    if (probes.ok()) {
      has_prepared = has_prepared || IsPrepared(spec.tag);
      std::move(probes->begin(), probes->end(), std::back_inserter(plan->probes));
    } else if (!absl::IsNotFound(probes.status())) {
      if (spec.is_required) {
        return probes.status();
      }
      plan->problems.push_back(fmt::format("without {}: {}", spec.name, base::Message(probes.status())));
    }
  }
  if (has_prepared) {
    PlanStatements(binary, sql, plan);
  }
  PlanDrivers(binary, sql, plan);
  AddErrors(binary, kSqlCatalog.errors, &params->database);
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanSql(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(binary, kSqlCatalog.library, LibraryKind::kClient, kSqlCatalog.used_when, params,
                     [&](ns_binary_params* candidate, LibraryPlan* plan) { return Plan(binary, candidate, plan); });
}

}  // namespace nodespan::attach
