// SPDX-License-Identifier: Apache-2.0
#include "attach/pgx_plan.h"

#include <iterator>
#include <utility>

#include "attach/argument_slots.h"
#include "attach/call_results.h"
#include "attach/end_sites.h"
#include "attach/go_callees.h"
#include "attach/pgx_catalog.h"
#include "attach/plan_steps.h"
#include "base/status_macros.h"
#include "goinspect/names.h"

namespace nodespan::attach {
namespace {

using goinspect::Field;
using goinspect::GoBinary;
using goinspect::Placement;

constexpr std::string_view kErrorType[] = {"error"};

absl::StatusOr<Placement> FindPlacement(const GoBinary& binary) {
  const std::vector<goinspect::FunctionMatches> matches = binary.MatchFunctions({&kPgxCatalog.query, 1});
  if (matches.front().functions.size() != 1) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} functions are called {}",
                            matches.front().functions.size(), kPgxCatalog.query);
  }
  return goinspect::MatchName(kPgxCatalog.query, matches.front().functions.front().name).value_or(Placement{});
}

void Append(std::vector<PlannedProbe> probes, ns_db_operation tag, LibraryPlan* plan) {
  for (PlannedProbe& probe : probes) {
    probe.site.tag = static_cast<uint8_t>(tag);
    plan->probes.push_back(std::move(probe));
  }
}

// The end of a query, with its rows where the function keeps its argument.
absl::StatusOr<PlannedProbe> PlanRows(const GoBinary& binary, const Placement& placement) {
  const PgxRowsSpec& spec = kPgxCatalog.rows;
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::Function function,
                            FindFunction(binary, goinspect::PlaceName(spec.function, placement)));
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::Function callee,
                            FindFunction(binary, goinspect::PlaceName(spec.callee, placement)));
  NODESPAN_ASSIGN_OR_RETURN(const std::span<const uint8_t> code, binary.Code(function));
  CallResultsOptions options;
  options.results.assign(spec.results.begin(), spec.results.end());
  options.stack_objects = StackObjectsOf(binary, function);
  const ClassifyCallee callees = GoCallees(binary);
  const goinspect::Arch arch = binary.info().arch;
  absl::StatusOr<uint16_t> slots = FindArgumentSlots(code, function.vaddr, arch, options.stack_objects, callees);
  if (slots.ok() && (*slots & 1) == 0) {
    slots = base::MakeStatus(absl::StatusCode::kUnimplemented, "the rows are not kept in their place");
  }
  if (!slots.ok()) {
    return base::Annotate(slots.status(), function.name);
  }
  const absl::StatusOr<CallResults> found = FindCallResults(code, function.vaddr, arch, callee.vaddr, options, callees);
  if (!found.ok()) {
    return base::Annotate(found.status(), function.name);
  }
  PlannedProbe probe = MakeProbe(spec.program, function, found->function_off, found->instruction,
                                 fmt::format("behind the call of {}, emulated", callee.name));
  for (size_t i = 0; i < found->results.size() && i < NS_SITE_RESULTS; ++i) {
    probe.site.results[i] = {.value = found->results[i].reg, .source = NS_VALUE_REGISTER, .pad = {}};
  }
  return probe;
}

// The calls by which a query that has failed closes its rows. kNotFound: there are none.
absl::StatusOr<std::vector<PlannedProbe>> PlanFailures(const GoBinary& binary, const Placement& placement) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::Function query,
                            FindFunction(binary, goinspect::PlaceName(kPgxCatalog.query, placement)));
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::Function close,
                            FindFunction(binary, goinspect::PlaceName(kPgxCatalog.rows.function, placement)));
  NODESPAN_ASSIGN_OR_RETURN(const std::span<const uint8_t> code, binary.Code(query));
  NODESPAN_ASSIGN_OR_RETURN(const std::vector<uint64_t> calls,
                            FindCallSites(code, query.vaddr, binary.info().arch, close.vaddr));
  std::vector<PlannedProbe> probes;
  probes.reserve(calls.size());
  for (const uint64_t call : calls) {
    probes.push_back(MakeProbe(kPgxCatalog.rows.failed, query, call, fmt::format("call {}", close.name),
                               "the query has failed, emulated"));
  }
  if (probes.empty()) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "{} does not call {}", query.name, close.name);
  }
  return probes;
}

// Queries: their starts and all of their ends.
absl::Status PlanQueries(const GoBinary& binary, const Placement& placement, LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, {&kPgxCatalog.send_query, 1}));
  NODESPAN_ASSIGN_OR_RETURN(PlannedProbe rows, PlanRows(binary, placement));
  probes.push_back(std::move(rows));
  absl::StatusOr<std::vector<PlannedProbe>> failures = PlanFailures(binary, placement);
  if (failures.ok()) {
    std::move(failures->begin(), failures->end(), std::back_inserter(probes));
  } else {
    plan->problems.push_back(fmt::format("without queries that fail at once: {}", base::Message(failures.status())));
  }
  Append(std::move(probes), NS_DB_OP_QUERY, plan);
  return absl::OkStatus();
}

absl::StatusOr<uint16_t> FindConn(const GoBinary& binary, const std::string& struct_name, LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(Field conn,
                            FindCheckedField(binary, struct_name, kPgxCatalog.conn_field, {&kPgxCatalog.conn_type, 1}));
  const auto offset = static_cast<uint16_t>(conn.offset);
  plan->fields.push_back({struct_name, std::move(conn)});
  return offset;
}

// Both ends of one kind of results.
absl::StatusOr<std::vector<PlannedProbe>> PlanResults(const GoBinary& binary, const Placement& placement,
                                                      const PgxBatchSpec& spec, LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(const uint16_t conn_off,
                            FindConn(binary, goinspect::PlaceName(spec.results, placement), plan));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, {&spec.closing, 1}));
  for (PlannedProbe& probe : probes) {
    probe.site.results[NS_PGX_SITE_CONN] = Constant(conn_off);
  }
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> ends, PlanEnds(binary, spec.closed));
  std::move(ends.begin(), ends.end(), std::back_inserter(probes));
  return probes;
}

// Batches, whose ends have to be seen for every kind of results that the binary has.
absl::Status PlanBatches(const GoBinary& binary, const Placement& placement, LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, {&kPgxCatalog.send_batch, 1}));
  for (const PgxBatchSpec& spec : kPgxCatalog.batches) {
    absl::StatusOr<std::vector<PlannedProbe>> results = PlanResults(binary, placement, spec, plan);
    if (results.ok()) {
      std::move(results->begin(), results->end(), std::back_inserter(probes));
    } else if (!absl::IsNotFound(results.status())) {
      return results.status();
    }
  }
  Append(std::move(probes), NS_DB_OP_BATCH, plan);
  return absl::OkStatus();
}

// The field under whichever of its names.
bool PlanField(const GoBinary& binary, const Placement& placement, const PgxFieldSpec& spec, uint16_t* offset,
               LibraryPlan* plan) {
  const std::string struct_name = goinspect::PlaceName(spec.struct_name, placement);
  for (const std::string_view name : spec.field_names) {
    absl::StatusOr<Field> field = FindCheckedField(binary, struct_name, name, {&spec.type_name, 1});
    if (field.ok()) {
      *offset = static_cast<uint16_t>(field->offset);
      plan->fields.push_back({struct_name, *std::move(field)});
      return true;
    }
  }
  return false;
}

// What spans say beside their text, as far as the structs are known.
void PlanDetails(const GoBinary& binary, const Placement& placement, ns_pgx_params* pgx, LibraryPlan* plan) {
  if (PlanField(binary, placement, kPgxCatalog.batch_queries, &pgx->batch_queries_off, plan)) {
    pgx->present |= NS_PGX_PARAM_BATCH;
  }
  if (PlanField(binary, placement, kPgxCatalog.queued_sql, &pgx->queued_sql_off, plan)) {
    pgx->present |= NS_PGX_PARAM_QUEUED;
  }
  if (const auto conn = binary.FindStruct(goinspect::PlaceName(kPgxCatalog.conn, placement)); conn.ok()) {
    pgx->address = FindAddress(binary, *conn, kPgxCatalog.address);
  }
  if (pgx->address.server.steps == 0 || pgx->address.database.steps == 0) {
    plan->problems.emplace_back("without server.address or db.namespace: the structs of the connection differ");
  }
}

absl::Status Plan(const GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_ASSIGN_OR_RETURN(const Placement placement, FindPlacement(binary));
  NODESPAN_ASSIGN_OR_RETURN(params->pgx.rows_conn_off,
                            FindConn(binary, goinspect::PlaceName(kPgxCatalog.rows_struct, placement), plan));
  NODESPAN_ASSIGN_OR_RETURN(const Field error,
                            FindCheckedField(binary, goinspect::PlaceName(kPgxCatalog.rows_struct, placement),
                                             kPgxCatalog.error_field, kErrorType));
  params->pgx.rows_err_off = static_cast<uint16_t>(error.offset);
  NODESPAN_RETURN_IF_ERROR(PlanQueries(binary, placement, plan));
  for (const DatabaseOperationSpec& spec : kPgxCatalog.operations) {
    NODESPAN_RETURN_IF_ERROR(TakeOperation(spec, PlanOperation(binary, spec), plan));
  }
  if (const absl::Status batches = PlanBatches(binary, placement, plan); !batches.ok() && !absl::IsNotFound(batches)) {
    plan->problems.push_back(fmt::format("without batches: {}", base::Message(batches)));
  }
  PlanDetails(binary, placement, &params->pgx, plan);
  AddErrors(binary, kPgxCatalog.errors, &params->database);
  params->pgx.is_attached = 1;
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanPgx(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(binary, kPgxCatalog.library, LibraryKind::kClient, kPgxCatalog.used_when, params,
                     [&](ns_binary_params* candidate, LibraryPlan* plan) { return Plan(binary, candidate, plan); });
}

}  // namespace nodespan::attach
