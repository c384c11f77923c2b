// SPDX-License-Identifier: Apache-2.0
#include "attach/mongo_plan.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "attach/mongo_catalog.h"
#include "attach/plan_steps.h"
#include "attach/value_paths.h"
#include "base/status_macros.h"
#include "goinspect/names.h"

namespace nodespan::attach {
namespace {

using goinspect::Field;
using goinspect::GoBinary;
using goinspect::Implementation;
using goinspect::Kind;
using goinspect::Placement;
using goinspect::StructType;

std::vector<Implementation> ImplementationsOf(const GoBinary& binary, std::string_view interface_name) {
  absl::StatusOr<std::vector<Implementation>> found = binary.FindImplementations(interface_name);
  return found.ok() ? *std::move(found) : std::vector<Implementation>();
}

// Everything that is looked up in the types of the binary.
class MongoTypes {
 public:
  MongoTypes(const GoBinary& binary, Placement placement, LibraryPlan* plan)
      : binary_(binary), placement_(std::move(placement)), plan_(plan) {}

  void FindDeployments(ns_mongo_params* mongo);
  void FindServer(ns_mongo_params* mongo);
  void FindBatches(ns_mongo_params* mongo);
  void FindErrors(ns_mongo_params* mongo);

 private:
  std::string Place(std::string_view pattern) const { return goinspect::PlaceName(pattern, placement_); }
  bool FindField(const FieldName& spec, uint16_t* offset);
  bool FindError(const Implementation& error, const MongoErrorSpec& spec, ns_mongo_error* layout) const;

  const GoBinary& binary_;
  const Placement placement_;
  LibraryPlan* const plan_;
};

bool MongoTypes::FindField(const FieldName& spec, uint16_t* offset) {
  const std::string struct_name = Place(spec.struct_name);
  absl::StatusOr<Field> field = FindCheckedField(binary_, struct_name, spec.field_name, spec.type_names);
  if (!field.ok()) {
    return false;
  }
  *offset = static_cast<uint16_t>(field->offset);
  plan_->fields.push_back({struct_name, *std::move(field)});
  return true;
}

void MongoTypes::FindDeployments(ns_mongo_params* mongo) {
  const std::string own = Place(kMongoCatalog.own_deployment);
  size_t count = 0;
  for (const Implementation& deployment : ImplementationsOf(binary_, Place(kMongoCatalog.deployment))) {
    if (deployment.type_name == own) {
      mongo->own_deployment_itab_vaddr = deployment.itab_vaddr;
    } else if (count < std::size(mongo->deployment_itab_vaddrs)) {
      mongo->deployment_itab_vaddrs[count++] = deployment.itab_vaddr;
    }
  }
  if (count == 0) {
    plan_->problems.emplace_back("without db.namespace of what could not be sent: nothing chooses servers");
  }
}

void MongoTypes::FindServer(ns_mongo_params* mongo) {
  const std::string conn = Place(kMongoCatalog.conn);
  const auto pointer = binary_.FindType("*" + conn);
  const auto type = binary_.FindStruct(conn);
  if (pointer.ok() && type.ok()) {
    mongo->conn_type_vaddr = *pointer;
    mongo->server = FindPath(binary_, *type, kMongoCatalog.server, Kind::kString);
  }
  if (FindField(kMongoCatalog.split_conn, &mongo->split_conn_off)) {
    mongo->present |= NS_MONGO_PARAM_SPLIT_CONN;
  }
  if (mongo->server.steps != 0 && FindField(kMongoCatalog.first_deferred, &mongo->g_defer_off) &&
      FindField(kMongoCatalog.deferred_function, &mongo->defer_fn_off)) {
    mongo->present |= NS_MONGO_PARAM_DEFERRED;
  } else {
    plan_->problems.emplace_back("without server.address: the structs of the connection differ");
  }
}

void MongoTypes::FindBatches(ns_mongo_params* mongo) {
  const auto itab_vaddr =
      binary_.FindItab(Place(kMongoCatalog.batches_interface), "*" + Place(kMongoCatalog.batches.struct_name));
  if (itab_vaddr.ok() && FindField(kMongoCatalog.batches, &mongo->batches_documents_off)) {
    mongo->batches_itab_vaddr = *itab_vaddr;
  }
}

bool MongoTypes::FindError(const Implementation& error, const MongoErrorSpec& spec, ns_mongo_error* layout) const {
  constexpr auto kIsNumber = [](const Field* field) {
    return field != nullptr && (field->kind == Kind::kInt32 || field->kind == Kind::kInt64);
  };
  absl::StatusOr<StructType> type = binary_.StructAt(error.type_vaddr);
  uint16_t* code_off = layout->code.off;
  uint16_t* message_off = layout->message.off;
  layout->code.steps = layout->message.steps = 1;
  if (type.ok() && !spec.field.empty()) {
    const Field* field = type->FindField(spec.field);
    if (field == nullptr || (field->kind != Kind::kPointer && field->kind != Kind::kSlice)) {
      return false;
    }
    *code_off++ = *message_off++ = static_cast<uint16_t>(field->offset);
    layout->code.steps = layout->message.steps = 2;
    type = binary_.FindStruct(Place(spec.field_type));
  }
  if (!type.ok()) {
    return false;
  }
  const Field* code = type->FindField(kMongoCatalog.code);
  const Field* message = type->FindField(kMongoCatalog.message);
  if (!kIsNumber(code) || message == nullptr || message->kind != Kind::kString) {
    return false;
  }
  *code_off = static_cast<uint16_t>(code->offset);
  *message_off = static_cast<uint16_t>(message->offset);
  layout->itab_vaddr = error.itab_vaddr;
  return true;
}

void MongoTypes::FindErrors(ns_mongo_params* mongo) {
  const std::vector<Implementation> errors = ImplementationsOf(binary_, "error");
  for (const MongoErrorSpec& spec : kMongoCatalog.errors) {
    const std::string name = Place(spec.type);
    ns_mongo_error layout{};
    const bool is_found = std::any_of(errors.begin(), errors.end(), [&](const Implementation& error) {
      return error.type_name == name && FindError(error, spec, &layout);
    });
    if (is_found) {
      mongo->errors[spec.kind] = layout;
    } else {
      plan_->problems.push_back(fmt::format("without db.response.status_code of {}: it differs", name));
    }
  }
  if (FindField(kMongoCatalog.wrapped, &mongo->error_wrapped_off)) {
    mongo->present |= NS_MONGO_PARAM_WRAPPED;
  }
}

absl::Status Plan(const GoBinary& binary, ns_mongo_params* mongo, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanOperation(binary, kMongoCatalog.operation));
  std::optional<Placement> placement = goinspect::MatchName(kMongoCatalog.execute, probes.front().function.name);
  plan->probes = std::move(probes);
  if (absl::StatusOr<std::vector<PlannedProbe>> command = PlanProbes(binary, {&kMongoCatalog.command, 1});
      command.ok()) {
    std::move(command->begin(), command->end(), std::back_inserter(plan->probes));
  } else {
    plan->problems.push_back(
        fmt::format("without db.operation.name, db.collection.name, db.query.text and "
                    "server.address: {}",
                    base::Message(command.status())));
  }
  MongoTypes types(binary, std::move(placement).value_or(Placement{}), plan);
  types.FindDeployments(mongo);
  types.FindServer(mongo);
  types.FindBatches(mongo);
  types.FindErrors(mongo);
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanMongo(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(
      binary, kMongoCatalog.library, LibraryKind::kClient, kMongoCatalog.used_when, params,
      [&](ns_binary_params* candidate, LibraryPlan* plan) { return Plan(binary, &candidate->mongo, plan); });
}

}  // namespace nodespan::attach
