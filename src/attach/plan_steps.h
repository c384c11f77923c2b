// SPDX-License-Identifier: Apache-2.0
// The steps that every library's plan is made of. Internal to `attach`.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "attach/attach_plan.h"
#include "attach/end_sites.h"
#include "attach/probe_catalog.h"
#include "base/errors.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Plans a library whole or not at all: on an error of `fill` nothing of it remains in `params` and in the plan but the
// reason. `used_when`: the library is in the binary when one of these functions is.
LibraryPlan PlanLibrary(const goinspect::GoBinary& binary, std::string_view library, LibraryKind kind,
                        std::span<const std::string_view> used_when, ns_binary_params* params,
                        absl::FunctionRef<absl::Status(ns_binary_params* candidate, LibraryPlan* plan)> fill);

// kUnimplemented when arguments are not in registers.
absl::Status CheckRegisterArguments(const goinspect::GoBinary& binary);

// Finds the functions and the sites at their starts; all or an error that names what is missing (kNotFound: not linked
// in).
absl::StatusOr<std::vector<PlannedProbe>> PlanProbes(const goinspect::GoBinary& binary,
                                                     std::span<const FunctionSpec> functions);

// Finds sites that together are hit once at each end of the function, with its results.
absl::StatusOr<std::vector<PlannedProbe>> PlanEnds(const goinspect::GoBinary& binary, const EndSpec& spec);

// A function by its full name; kNotFound without.
absl::StatusOr<goinspect::Function> FindFunction(const goinspect::GoBinary& binary, std::string_view name);

// Where a value is, as the programs are told. kUnimplemented: where they do not look.
absl::StatusOr<ns_value_location> ToAbi(const ValueLocation& location);

ns_value_location OnStack(int32_t sp_off);
ns_value_location Constant(int32_t value);

// What the function has on its stack for others to point to; nothing where the binary does not say.
std::optional<std::vector<goinspect::StackObject>> StackObjectsOf(const goinspect::GoBinary& binary,
                                                                  const goinspect::Function& function);

// A probe at an instruction of the function; where its results are is for the caller to say.
PlannedProbe MakeProbe(Program program, const goinspect::Function& function, uint64_t function_off,
                       std::string instruction, std::string why);

enum class WhichCall { kOnly, kFirst };  // kFirst: by its place in the code

// The call of `target` in the first of `callers` that has one. kNotFound: there is none, or more than the only one.
absl::StatusOr<PlannedProbe> PlanCall(const goinspect::GoBinary& binary, Program program, std::string_view target,
                                      std::span<const std::string_view> callers, std::string_view why,
                                      WhichCall which = WhichCall::kOnly);

// Bytes from the stack pointer at the probe to that at the entry of its function, where the return address is. amd64
// only.
absl::StatusOr<int32_t> StackDepthAt(const goinspect::GoBinary& binary, const PlannedProbe& probe);

// The field with its type checked: kNotFound without the struct or field, kUnimplemented when the type is another one.
absl::StatusOr<goinspect::Field> FindCheckedField(const goinspect::GoBinary& binary, std::string_view struct_name,
                                                  std::string_view field_name,
                                                  std::span<const std::string_view> type_names);

// Layout of a map type, with everything the header scan needs; kind NS_MAP_NONE never comes back as OK.
absl::StatusOr<ns_map_layout> PlanMap(const goinspect::GoBinary& binary, std::string_view map_type);

// Resolves `specs` into `params` and `present`; notes every use. A missing required field is an error; a missing
// optional one clears its presence bit and, when something is lost, becomes a problem of the plan.
template <typename Params>
absl::Status ResolveFields(const goinspect::GoBinary& binary, std::span<const FieldSpec<Params>> specs, Params* params,
                           uint32_t* present, LibraryPlan* plan) {
  uint32_t missing = 0;
  for (const FieldSpec<Params>& spec : specs) {
    absl::StatusOr<goinspect::Field> field =
        FindCheckedField(binary, spec.struct_name, spec.field_name, spec.type_names);
    if (field.ok()) {
      params->*spec.offset = static_cast<uint16_t>(field->offset);
      *present |= spec.present_bit;
      plan->fields.push_back({std::string(spec.struct_name), *std::move(field)});
      continue;
    }
    if (spec.present_bit == 0) {
      return field.status();
    }
    missing |= spec.present_bit;
    if (!spec.lost_without.empty()) {
      plan->problems.push_back(fmt::format("without {}: {}", spec.lost_without, base::Message(field.status())));
    }
  }
  *present &= ~missing;
  return absl::OkStatus();
}

// Resolves the first of the fields that the binary has, which are names of one field: they all have one offset in the
// parameters. kNotFound, kUnimplemented: what is wrong with the first one.
template <typename Params>
absl::StatusOr<const FieldSpec<Params>*> ResolveFirst(const goinspect::GoBinary& binary,
                                                      std::span<const FieldSpec<Params>> names, Params* params,
                                                      uint32_t* present, LibraryPlan* plan) {
  absl::Status first;
  for (const FieldSpec<Params>& name : names) {
    absl::StatusOr<goinspect::Field> field =
        FindCheckedField(binary, name.struct_name, name.field_name, name.type_names);
    if (!field.ok()) {
      first.Update(field.status());
      continue;
    }
    params->*name.offset = static_cast<uint16_t>(field->offset);
    *present |= name.present_bit;
    plan->fields.push_back({std::string(name.struct_name), *std::move(field)});
    return &name;
  }
  return first;
}

// The same for parameters that have their presence bits in themselves.
template <typename Params>
absl::Status ResolveFields(const goinspect::GoBinary& binary, std::span<const FieldSpec<Params>> specs, Params* params,
                           LibraryPlan* plan) {
  uint32_t present = params->present;
  absl::Status status = ResolveFields(binary, specs, params, &present, plan);
  if (status.ok()) {
    params->present = present;
  }
  return status;
}

template <typename Params>
absl::StatusOr<const FieldSpec<Params>*> ResolveFirst(const goinspect::GoBinary& binary,
                                                      std::span<const FieldSpec<Params>> names, Params* params,
                                                      LibraryPlan* plan) {
  return ResolveFirst(binary, names, params, &params->present, plan);
}

}  // namespace nodespan::attach
