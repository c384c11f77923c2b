// SPDX-License-Identifier: Apache-2.0
#include "attach/database_steps.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

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
using goinspect::StructType;

// The struct's name of a type that is a pointer to one.
std::string_view PointedTo(const Implementation& implementation) {
  std::string_view name = implementation.type_name;
  return name.starts_with('*') ? name.substr(1) : std::string_view();
}

// Puts the offset of a field of one of the kinds into `offset`; nullptr when the struct has none.
const Field* FindErrorField(const StructType& type, std::string_view name, std::initializer_list<Kind> kinds,
                            uint16_t* offset) {
  const Field* field = type.FindField(name);
  if (field == nullptr || field->offset > 0xffff || std::find(kinds.begin(), kinds.end(), field->kind) == kinds.end()) {
    return nullptr;
  }
  *offset = static_cast<uint16_t>(field->offset);
  return field;
}

// How to read an error of the struct that `spec` describes.
std::optional<ns_known_error> FindStructError(const GoBinary& binary, const Implementation& error,
                                              const DatabaseErrorSpec& spec) {
  const auto type = binary.StructAt(error.type_vaddr);
  if (!type.ok()) {
    return std::nullopt;
  }
  ns_known_error layout{};
  layout.itab_vaddr = error.itab_vaddr;
  if (FindErrorField(*type, spec.message, {Kind::kString}, &layout.message_off) == nullptr) {
    return std::nullopt;
  }
  if (!spec.code.empty()) {
    const Field* code = FindErrorField(*type, spec.code, {Kind::kString, Kind::kUint16}, &layout.code_off);
    if (code == nullptr) {
      return std::nullopt;
    }
    layout.code_kind = code->kind == Kind::kUint16 ? NS_CODE_NUMBER : NS_CODE_STRING;
  }
  return layout;
}

// The same of any error that `spec` is about; nullopt: it is about another one, or the type differs.
std::optional<ns_known_error> FindError(const GoBinary& binary, const Implementation& error,
                                        const DatabaseErrorSpec& spec) {
  if (!spec.message.empty()) {
    return IsPointerTo(spec.type, error) ? FindStructError(binary, error, spec) : std::nullopt;
  }
  // The data of an interface is a pointer to the string.
  const bool is_string =
      goinspect::MatchTypeName(spec.type, error.type_name).has_value() && error.kind == Kind::kString;
  return is_string ? std::optional(ns_known_error{.itab_vaddr = error.itab_vaddr}) : std::nullopt;
}

}  // namespace

absl::StatusOr<std::vector<PlannedProbe>> PlanOperation(const GoBinary& binary, const DatabaseOperationSpec& spec) {
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, {&spec.start, 1}));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> ends, PlanEnds(binary, spec.end));
  std::move(ends.begin(), ends.end(), std::back_inserter(probes));
  for (PlannedProbe& probe : probes) {
    probe.site.tag = static_cast<uint8_t>(spec.tag);
  }
  return probes;
}

absl::Status TakeOperation(const DatabaseOperationSpec& spec, absl::StatusOr<std::vector<PlannedProbe>> probes,
                           LibraryPlan* plan) {
  if (probes.ok()) {
    std::move(probes->begin(), probes->end(), std::back_inserter(plan->probes));
  } else if (!absl::IsNotFound(probes.status())) {
    if (spec.is_required) {
      return probes.status();
    }
    plan->problems.push_back(fmt::format("without {}: {}", spec.name, base::Message(probes.status())));
  }
  return absl::OkStatus();
}

ns_db_address FindAddress(const GoBinary& binary, const StructType& from, const DatabaseAddressSpec& spec) {
  return {.server = FindPath(binary, from, spec.server, Kind::kString),
          .port = FindPath(binary, from, spec.port, Kind::kUint16),
          .database = FindPath(binary, from, spec.database, Kind::kString)};
}

bool IsPointerTo(std::string_view pattern, const Implementation& implementation) {
  return goinspect::MatchTypeName(pattern, PointedTo(implementation)).has_value();
}

void AddErrors(const GoBinary& binary, std::span<const DatabaseErrorSpec> specs, ns_database_params* params) {
  const auto errors = binary.FindImplementations("error");
  for (const Implementation& error : errors.ok() ? *errors : std::vector<Implementation>()) {
    for (const DatabaseErrorSpec& spec : specs) {
      const std::optional<ns_known_error> layout = FindError(binary, error, spec);
      if (!layout) {
        continue;
      }
      auto* place = std::find_if(
          std::begin(params->errors), std::end(params->errors),
          [&](const ns_known_error& known) { return known.itab_vaddr == 0 || known.itab_vaddr == layout->itab_vaddr; });
      if (place != std::end(params->errors)) {
        *place = *layout;
      }
    }
  }
}

}  // namespace nodespan::attach
