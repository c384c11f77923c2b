// SPDX-License-Identifier: Apache-2.0
#include "attach/sql_plan.h"

#include <iterator>
#include <optional>
#include <utility>

#include "attach/plan_steps.h"
#include "attach/sql_catalog.h"
#include "base/status_macros.h"
#include "goinspect/names.h"

namespace nodespan::attach {
namespace {

using goinspect::Field;
using goinspect::GoBinary;
using goinspect::Implementation;
using goinspect::Kind;

absl::StatusOr<std::vector<PlannedProbe>> PlanOperation(const GoBinary& binary, const SqlOperationSpec& spec) {
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, {&spec.start, 1}));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> ends, PlanEnds(binary, spec.end));
  std::move(ends.begin(), ends.end(), std::back_inserter(probes));
  for (PlannedProbe& probe : probes) {
    probe.site.tag = static_cast<uint8_t>(spec.tag);
  }
  return probes;
}

bool IsTransaction(ns_sql_operation tag) { return tag == NS_SQL_OP_COMMIT || tag == NS_SQL_OP_ROLLBACK; }
bool IsPrepared(ns_sql_operation tag) { return tag == NS_SQL_OP_PREPARED_QUERY || tag == NS_SQL_OP_PREPARED_EXEC; }

// The way along `fields` from a struct to a part of kind `wanted`; nullopt when the structs are not like that.
std::optional<ns_value_path> FindPath(const GoBinary& binary, const goinspect::StructType& from,
                                      std::span<const std::string_view> fields, Kind wanted) {
  ns_value_path path{};
  goinspect::StructType type = from;
  uint64_t offset = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field* field = type.FindField(fields[i]);
    if (field == nullptr) {
      return std::nullopt;
    }
    offset += field->offset;
    const bool is_last = i + 1 == fields.size();
    if (is_last || field->kind == Kind::kPointer) {
      if (path.steps == NS_SQL_PATH_STEPS || offset > 0xffff) {
        return std::nullopt;
      }
      path.off[path.steps++] = static_cast<uint16_t>(offset);
      offset = 0;
    }
    if (is_last) {
      return field->kind == wanted ? std::optional(path) : std::nullopt;
    }
    absl::StatusOr<goinspect::StructType> next = binary.StructAt(field->type_vaddr);
    if (!next.ok()) {
      return std::nullopt;
    }
    type = *std::move(next);
  }
  return std::nullopt;
}

// The struct's name of a type that is a pointer to one.
std::string_view PointedTo(const Implementation& implementation) {
  std::string_view name = implementation.type_name;
  return name.starts_with('*') ? name.substr(1) : std::string_view();
}

bool Matches(std::string_view pattern, const Implementation& implementation) {
  return goinspect::MatchTypeName(pattern, PointedTo(implementation)).has_value();
}

void PlanDrivers(const GoBinary& binary, ns_sql_params* sql, LibraryPlan* plan) {
  const auto connections = binary.FindImplementations("database/sql/driver.Conn");
  size_t count = 0;
  for (const Implementation& connection : connections.ok() ? *connections : std::vector<Implementation>()) {
    plan->details.push_back(fmt::format("driver {}", connection.type_name));
    for (const SqlDriverSpec& spec : kSqlCatalog.drivers) {
      const auto type = binary.StructAt(connection.type_vaddr);
      if (count == NS_SQL_DRIVERS || !Matches(spec.connection, connection) || !type.ok()) {
        continue;
      }
      ns_sql_driver& driver = sql->drivers[count];
      driver.server = FindPath(binary, *type, spec.server, Kind::kString).value_or(ns_value_path{});
      driver.port = FindPath(binary, *type, spec.port, Kind::kUint16).value_or(ns_value_path{});
      driver.database = FindPath(binary, *type, spec.database, Kind::kString).value_or(ns_value_path{});
      if (driver.server.steps == 0 && driver.database.steps == 0) {
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

std::optional<ns_sql_error> FindError(const GoBinary& binary, const Implementation& error, const SqlErrorSpec& spec) {
  const auto type = binary.StructAt(error.type_vaddr);
  const Field* code = type.ok() ? type->FindField(spec.code) : nullptr;
  if (code == nullptr || code->offset > 0xffff) {
    return std::nullopt;
  }
  ns_sql_error layout{};
  layout.itab_vaddr = error.itab_vaddr;
  if (spec.message.empty()) {
    layout.is_wrapper = 1;
    layout.inner_off = static_cast<uint16_t>(code->offset);
    return code->qualified_type_name == "error" ? std::optional(layout) : std::nullopt;
  }
  const Field* message = type->FindField(spec.message);
  if ((code->kind != Kind::kString && code->kind != Kind::kUint16) || message == nullptr ||
      message->kind != Kind::kString || message->offset > 0xffff) {
    return std::nullopt;
  }
  layout.code_off = static_cast<uint16_t>(code->offset);
  layout.message_off = static_cast<uint16_t>(message->offset);
  layout.code_is_number = code->kind == Kind::kUint16 ? 1 : 0;
  return layout;
}

void PlanErrors(const GoBinary& binary, ns_sql_params* sql) {
  const auto errors = binary.FindImplementations("error");
  size_t count = 0;
  for (const Implementation& error : errors.ok() ? *errors : std::vector<Implementation>()) {
    for (const SqlErrorSpec& spec : kSqlCatalog.errors) {
      if (count == NS_SQL_ERRORS || !Matches(spec.type, error)) {
        continue;
      }
      if (const std::optional<ns_sql_error> layout = FindError(binary, error, spec)) {
        sql->errors[count++] = *layout;
      }
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
  for (const SqlOperationSpec& spec : kSqlCatalog.operations) {
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
  PlanErrors(binary, sql);
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanSql(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(binary, kSqlCatalog.library, LibraryKind::kClient, kSqlCatalog.used_when, params,
                     [&](ns_binary_params* candidate, LibraryPlan* plan) { return Plan(binary, candidate, plan); });
}

}  // namespace nodespan::attach
