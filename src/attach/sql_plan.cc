// SPDX-License-Identifier: Apache-2.0
#include "attach/sql_plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "attach/argument_slots.h"
#include "attach/database_steps.h"
#include "attach/go_callees.h"
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

constexpr int32_t kReturnAddressBytes = 8;
constexpr int32_t kWordBytes = 8;

// Where calls begin to wait, and the way from there to the return address of the function that waits.
absl::StatusOr<PlannedProbe> PlanWait(const GoBinary& binary) {
  NODESPAN_ASSIGN_OR_RETURN(PlannedProbe probe,
                            PlanCall(binary, Program::kDatabaseSqlWait, kSqlCatalog.wait_call, kSqlCatalog.wait_caller,
                                     "only calls that wait for a connection come by"));
  NODESPAN_ASSIGN_OR_RETURN(const int32_t depth, StackDepthAt(binary, probe));
  probe.site.results[NS_SQL_SITE_RETURN_ADDRESS] = OnStack(depth);
  return probe;
}

// Says where a method of DB that is refused a connection keeps what it was called with; says nothing without a proof.
void LocateArguments(const GoBinary& binary, bool has_query, PlannedProbe* probe) {
  const auto code = binary.Code(probe->function);
  const absl::StatusOr<uint16_t> slots =
      code.ok() ? FindArgumentSlots(*code, probe->function.vaddr, binary.info().arch,
                                    StackObjectsOf(binary, probe->function), GoCallees(binary))
                : code.status();
  constexpr uint16_t kReceiverAndContext = 0b00111;
  constexpr uint16_t kQuery = 0b11000;
  constexpr int32_t kQueryWord = 3;
  const uint16_t found = slots.value_or(0);
  const int32_t first_word = probe->frame_bytes + kReturnAddressBytes;
  if ((found & kReceiverAndContext) == kReceiverAndContext) {
    probe->site.results[NS_SQL_SITE_RECEIVER] = OnStack(first_word);
  }
  if (has_query) {
    probe->site.results[NS_SQL_SITE_QUERY] =
        (found & kQuery) == kQuery ? OnStack(first_word + kQueryWord * kWordBytes) : ns_value_location{};
  }
}

absl::StatusOr<ns_sql_waiter> PlanWaiter(const GoBinary& binary, const SqlWaiterSpec& spec,
                                         std::vector<PlannedProbe>* probes) {
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> refused, PlanEnds(binary, spec.refused));
  if (refused.empty()) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "no return of {} is certainly that of a failure",
                            spec.refused.candidates.front());
  }
  for (const std::string_view name : spec.callers) {
    const absl::StatusOr<goinspect::Function> caller = FindFunction(binary, name);
    if (!caller.ok()) {
      continue;
    }
    for (PlannedProbe& probe : refused) {
      probe.site.tag = static_cast<uint8_t>(spec.tag);
      if (!IsPrepared(spec.tag)) {
        LocateArguments(binary, spec.has_query, &probe);
      }
      probes->push_back(std::move(probe));
    }
    return ns_sql_waiter{.vaddr = caller->vaddr,
                         .bytes = static_cast<uint32_t>(caller->size_bytes),
                         .tag = static_cast<uint32_t>(spec.tag)};
  }
  return base::MakeStatus(absl::StatusCode::kNotFound, "function {} is not in the binary", spec.callers.front());
}

// The driver of a pool that has given no connection.
void PlanConnector(const GoBinary& binary, ns_sql_params* sql, LibraryPlan* plan) {
  uint32_t present = 0;
  if (ResolveFields<ns_sql_params>(binary, kSqlCatalog.connector_fields, sql, &present, plan).ok()) {
    sql->present |= NS_SQL_PARAM_CONNECTOR;
  }
  if (ResolveFields<ns_sql_params>(binary, kSqlCatalog.stmt_db_fields, sql, &present, plan).ok()) {
    sql->present |= NS_SQL_PARAM_STMT_DB;
  }
  const auto connector = binary.FindItab("database/sql/driver.Connector", "database/sql.dsnConnector");
  if (connector.ok() &&
      ResolveFields<ns_sql_params>(binary, kSqlCatalog.dsn_connector_fields, sql, &present, plan).ok()) {
    sql->dsn_connector_itab_vaddr = *connector;
  }
}

// The time that calls wait for a connection of the pool; what cannot be planned of it is left out.
void PlanPool(const GoBinary& binary, ns_sql_params* sql, LibraryPlan* plan) {
  absl::StatusOr<PlannedProbe> wait = PlanWait(binary);
  absl::Status status = wait.status();
  std::vector<PlannedProbe> refused;
  size_t count = 0;
  for (const SqlWaiterSpec& spec : kSqlCatalog.waiters) {
    const absl::StatusOr<ns_sql_waiter> waiter = PlanWaiter(binary, spec, &refused);
    if (waiter.ok()) {
      sql->waiters[count++] = *waiter;
    } else if (!absl::IsNotFound(waiter.status()) || spec.tag == NS_DB_OP_QUERY) {
      status.Update(waiter.status());
    }
  }
  if (!status.ok()) {
    plan->problems.push_back(fmt::format("without the wait for a connection of some calls: {}", base::Message(status)));
  }
  if (!wait.ok() || count == 0) {
    return;
  }
  plan->probes.push_back(*std::move(wait));
  std::move(refused.begin(), refused.end(), std::back_inserter(plan->probes));
  PlanConnector(binary, sql, plan);
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
    has_prepared = has_prepared || (probes.ok() && IsPrepared(spec.tag));
    NODESPAN_RETURN_IF_ERROR(TakeOperation(spec, std::move(probes), plan));
  }
  if (has_prepared) {
    PlanStatements(binary, sql, plan);
  }
  PlanPool(binary, sql, plan);
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
