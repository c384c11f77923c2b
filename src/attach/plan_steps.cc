// SPDX-License-Identifier: Apache-2.0
#include "attach/plan_steps.h"

#include <optional>
#include <utility>

#include "attach/code_sites.h"
#include "attach/control_flow.h"
#include "attach/end_sites.h"
#include "attach/go_callees.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;

// All variants are assembly functions that grow the stack and start the caller again (runtime/asm_*.s).
constexpr std::string_view kMorestackNames[] = {"runtime.morestack_noctxt", "runtime.morestack", "runtime.morestackc"};

// Largest offset that fits the parameter blocks; far beyond any struct that is read.
constexpr uint64_t kMaxFieldOffset = 0xffff;

IsMorestack FindMorestack(const GoBinary& binary) {
  std::vector<uint64_t> addresses;
  for (const std::optional<goinspect::Function>& function : binary.FindFunctions(kMorestackNames)) {
    if (function.has_value()) {
      addresses.push_back(function->vaddr);
    }
  }
  return
      [addresses](uint64_t vaddr) { return std::find(addresses.begin(), addresses.end(), vaddr) != addresses.end(); };
}

bool IsPattern(std::string_view candidate) { return candidate.find_first_of("{[") != std::string_view::npos; }

// The first of the candidates that is there. Exact names cost a look-up, patterns a pass over all names.
std::optional<goinspect::Function> FirstPresent(const GoBinary& binary, std::span<const std::string_view> candidates) {
  for (std::optional<goinspect::Function>& function : binary.FindFunctions(candidates)) {
    if (function.has_value()) {
      return std::move(function);
    }
  }
  if (std::none_of(candidates.begin(), candidates.end(), IsPattern)) {
    return std::nullopt;
  }
  for (const goinspect::FunctionMatches& match : binary.MatchFunctions(candidates)) {
    if (match.functions.size() == 1 && !match.is_wrapper) {
      return match.functions.front();
    }
  }
  return std::nullopt;
}

// Why none of the candidates can be probed.
absl::Status Missing(const GoBinary& binary, std::span<const std::string_view> candidates) {
  for (const goinspect::FunctionMatches& match : binary.MatchFunctions(candidates)) {
    if (match.is_inlined) {
      return base::MakeStatus(absl::StatusCode::kNotFound, "function {} is in the binary only as inlined copies",
                              candidates.front());
    }
    if (match.functions.empty()) {
      continue;
    }
    if (match.is_wrapper) {
      return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} is a wrapper of the value's method",
                              match.functions.front().name);
    }
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} functions are called {}", match.functions.size(),
                            candidates.front());
  }
  return base::MakeStatus(absl::StatusCode::kNotFound, "function {} is not in the binary", candidates.front());
}

absl::StatusOr<PlannedProbe> PlanStart(const GoBinary& binary, Program program, const goinspect::Function& function) {
  NODESPAN_ASSIGN_OR_RETURN(const std::span<const uint8_t> code, binary.Code(function));
  absl::StatusOr<Site> site = FindStartSite(code, function.vaddr, binary.info().arch, FindMorestack(binary));
  if (!site.ok()) {
    return base::Annotate(site.status(), function.name);
  }
  PlannedProbe probe = MakeProbe(program, function, site->function_off, site->instruction, site->why);
  if (site->kind == SiteKind::kStackCheckBranch) {
    probe.site.flags |= NS_SITE_STACK_CHECK;
  }
  return probe;
}

absl::StatusOr<PlannedProbe> ToProbe(Program program, const goinspect::Function& function, const EndSite& end) {
  PlannedProbe probe = MakeProbe(program, function, end.function_off, end.instruction, end.why);
  if (end.edge.has_value()) {
    probe.site.flags = NS_SITE_EDGE;
    if (end.edge->taken) {
      probe.site.flags |= NS_SITE_EDGE_TAKEN;
    }
    probe.site.edge = end.edge->condition;
  }
  probe.frame_bytes = end.frame_bytes;
  for (size_t i = 0; i < end.results.size() && i < NS_SITE_RESULTS; ++i) {
    NODESPAN_ASSIGN_OR_RETURN(probe.site.results[i], ToAbi(end.results[i]));
  }
  return probe;
}

// The start of the deferred function, with the results in the frame of the function that deferred it.
absl::StatusOr<PlannedProbe> PlanDeferred(const GoBinary& binary, const EndSpec& spec,
                                          const goinspect::Function& function, std::span<const uint8_t> code,
                                          const goinspect::Function& deferred, const ClassifyCallee& callees) {
  NODESPAN_ASSIGN_OR_RETURN(
      const std::vector<int32_t> slots,
      FindDeferredResultSlots(code, function.vaddr, binary.info().arch, spec.result_words, callees));
  NODESPAN_ASSIGN_OR_RETURN(PlannedProbe probe, PlanStart(binary, spec.program, deferred));
  probe.site.flags |= NS_SITE_CALLER;
  probe.site.caller_vaddr = function.vaddr;
  probe.site.caller_bytes = static_cast<uint32_t>(function.size_bytes);
  constexpr int32_t kReturnAddressBytes = 8;
  for (size_t i = 0; i < slots.size() && i < NS_SITE_RESULTS; ++i) {
    probe.site.results[i] = OnStack(kReturnAddressBytes + slots[i]);
  }
  probe.why += fmt::format("; results in the frame of {}", function.name);
  return probe;
}

// Offset of a field that a map walk needs. These runtime types are only reached through pointers, so their kind of type
// is checked by size and the walk's own bounds.
absl::StatusOr<uint16_t> MapField(const GoBinary& binary, std::string_view struct_name, std::string_view field_name,
                                  uint64_t size_bytes) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType type, binary.FindStruct(struct_name));
  const goinspect::Field* field = type.FindField(field_name);
  if (field == nullptr || field->size_bytes != size_bytes || field->offset > kMaxFieldOffset) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} has no {} of {} bytes", struct_name, field_name,
                            size_bytes);
  }
  return static_cast<uint16_t>(field->offset);
}

absl::Status PlanClassicMap(const GoBinary& binary, ns_map_layout* layout) {
  layout->kind = NS_MAP_CLASSIC;
  // Tophash values below minTopHash (5) mark empty and evacuated slots (runtime/map.go up to Go 1.23).
  layout->control_min = 5;
  layout->control_span = 250;
  NODESPAN_ASSIGN_OR_RETURN(layout->hmap_b_off, MapField(binary, "runtime.hmap", "B", 1));
  NODESPAN_ASSIGN_OR_RETURN(layout->hmap_buckets_off, MapField(binary, "runtime.hmap", "buckets", 8));
  NODESPAN_ASSIGN_OR_RETURN(layout->hmap_oldbuckets_off, MapField(binary, "runtime.hmap", "oldbuckets", 8));
  return absl::OkStatus();
}

absl::Status PlanSwissMap(const GoBinary& binary, ns_map_layout* layout) {
  constexpr std::string_view kMap = "internal/runtime/maps.Map";
  constexpr std::string_view kTable = "internal/runtime/maps.table";
  constexpr std::string_view kGroups = "internal/runtime/maps.groupsReference";
  layout->kind = NS_MAP_SWISS;
  // Full slots have the top bit of their control byte clear (internal/runtime/maps/group.go).
  layout->control_min = 0;
  layout->control_span = 127;
  NODESPAN_ASSIGN_OR_RETURN(layout->swiss_dir_ptr_off, MapField(binary, kMap, "dirPtr", 8));
  NODESPAN_ASSIGN_OR_RETURN(layout->swiss_dir_len_off, MapField(binary, kMap, "dirLen", 8));
  NODESPAN_ASSIGN_OR_RETURN(layout->swiss_table_groups_off, MapField(binary, kTable, "groups", 16));
  NODESPAN_ASSIGN_OR_RETURN(layout->swiss_groups_data_off, MapField(binary, kGroups, "data", 8));
  NODESPAN_ASSIGN_OR_RETURN(layout->swiss_groups_mask_off, MapField(binary, kGroups, "lengthMask", 8));
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanLibrary(const GoBinary& binary, std::string_view library, LibraryKind kind,
                        std::span<const std::string_view> used_when, ns_binary_params* params,
                        absl::FunctionRef<absl::Status(ns_binary_params* candidate, LibraryPlan* plan)> fill) {
  LibraryPlan plan;
  plan.library = library;
  plan.kind = kind;
  plan.is_used = FirstPresent(binary, used_when).has_value();
  if (!plan.is_used) {
    return plan;
  }
  ns_binary_params candidate = *params;
  const absl::Status status = fill(&candidate, &plan);
  plan.attach = status.ok();
  if (status.ok()) {
    *params = candidate;
  } else {
    plan.probes.clear();
    plan.fields.clear();
    plan.details.clear();
    plan.problems = {std::string(base::Message(status))};
  }
  return plan;
}

absl::Status CheckRegisterArguments(const GoBinary& binary) {
  if (!binary.info().has_register_arguments) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented,
                            "Go 1.17 and older pass arguments in memory on arm64: Go 1.18 is needed there");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PlannedProbe>> PlanProbes(const GoBinary& binary, std::span<const FunctionSpec> functions) {
  std::vector<PlannedProbe> probes;
  for (const FunctionSpec& spec : functions) {
    const std::optional<goinspect::Function> function = FirstPresent(binary, spec.candidates);
    if (!function.has_value()) {
      return Missing(binary, spec.candidates);
    }
    NODESPAN_ASSIGN_OR_RETURN(PlannedProbe probe, PlanStart(binary, spec.program, *function));
    probes.push_back(std::move(probe));
  }
  return probes;
}

absl::StatusOr<std::vector<PlannedProbe>> PlanEnds(const GoBinary& binary, const EndSpec& spec) {
  const std::optional<goinspect::Function> function = FirstPresent(binary, spec.candidates);
  if (!function.has_value()) {
    return Missing(binary, spec.candidates);
  }
  NODESPAN_ASSIGN_OR_RETURN(const std::span<const uint8_t> code, binary.Code(*function));
  const ClassifyCallee callees = GoCallees(binary);  // remembers what it was asked
  EndSiteOptions options;
  options.wanted.assign(spec.result_words.begin(), spec.result_words.end());
  if (spec.error_word >= 0) {
    options.error_word = static_cast<size_t>(spec.error_word);
  }
  options.returns =
      spec.is_error_from_closure ? EndSiteOptions::Returns::kErrorFromStack : EndSiteOptions::Returns::kAll;
  // With failures_only they are found, and then left out.
  options.allow_hot_returns = spec.allows_hot_return || spec.failures_only;
  options.stack_objects = StackObjectsOf(binary, *function);
  std::vector<PlannedProbe> probes;
  if (const auto deferred = FirstPresent(binary, spec.deferred); deferred.has_value()) {
    absl::StatusOr<PlannedProbe> probe = PlanDeferred(binary, spec, *function, code, *deferred, callees);
    if (probe.ok()) {
      probes.push_back(*std::move(probe));
      if (spec.deferred_only) {
        return probes;
      }
      options.without_deferred = true;
    }
  }
  const absl::StatusOr<std::vector<EndSite>> sites =
      FindEndSites(code, function->vaddr, binary.info().arch, options, callees);
  if (!sites.ok() && !(absl::IsNotFound(sites.status()) && !probes.empty())) {
    return base::Annotate(sites.status(), function->name);
  }
  if (sites.ok()) {  // otherwise every return comes behind the deferred function
    for (const EndSite& site : *sites) {
      if (spec.failures_only && !site.cold) {
        continue;
      }
      NODESPAN_ASSIGN_OR_RETURN(PlannedProbe probe, ToProbe(spec.program, *function, site));
      if (!probes.empty() && probes.back().site.vaddr == probe.site.vaddr) {
        probes.back().site.flags |= NS_SITE_OTHER_EDGE_NEXT;
        probe.is_other_edge = true;
      }
      probes.push_back(std::move(probe));
    }
  }
  for (PlannedProbe& probe : probes) {
    probe.site.error = static_cast<uint8_t>(std::max(spec.error_word, 0));
  }
  return probes;
}

absl::StatusOr<goinspect::Function> FindFunction(const GoBinary& binary, std::string_view name) {
  std::optional<goinspect::Function> function = std::move(binary.FindFunctions({&name, 1}).front());
  if (!function.has_value()) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "function {} is not in the binary", name);
  }
  return *std::move(function);
}

absl::StatusOr<ns_value_location> ToAbi(const ValueLocation& location) {
  switch (location.kind) {
    case ValueLocation::Kind::kRegister:
      if (location.reg < NS_REG_COUNT) {
        return ns_value_location{.value = location.reg, .source = NS_VALUE_REGISTER, .pad = {}};
      }
      break;
    case ValueLocation::Kind::kStack: return OnStack(location.sp_off);
    case ValueLocation::Kind::kConstant: return Constant(location.constant);
    case ValueLocation::Kind::kAddress:
    case ValueLocation::Kind::kMemory:
      if (location.vaddr <= UINT32_MAX) {
        const bool is_address = location.kind == ValueLocation::Kind::kAddress;
        return ns_value_location{.value = static_cast<int32_t>(static_cast<uint32_t>(location.vaddr)),
                                 .source = static_cast<uint8_t>(is_address ? NS_VALUE_ADDRESS : NS_VALUE_MEMORY),
                                 .pad = {}};
      }
      break;
  }
  return base::MakeStatus(absl::StatusCode::kUnimplemented, "a result is where the programs do not look");
}

ns_value_location OnStack(int32_t sp_off) { return {.value = sp_off, .source = NS_VALUE_STACK, .pad = {}}; }
ns_value_location Constant(int32_t value) { return {.value = value, .source = NS_VALUE_CONSTANT, .pad = {}}; }

std::optional<std::vector<goinspect::StackObject>> StackObjectsOf(const GoBinary& binary,
                                                                  const goinspect::Function& function) {
  absl::StatusOr<std::vector<goinspect::StackObject>> objects = binary.StackObjects(function);
  return objects.ok() ? std::optional(*std::move(objects)) : std::nullopt;
}

PlannedProbe MakeProbe(Program program, const goinspect::Function& function, uint64_t function_off,
                       std::string instruction, std::string why) {
  PlannedProbe probe{program,        function, function_off, function.file_off + function_off, std::move(instruction),
                     std::move(why), {}};
  probe.site.vaddr = function.vaddr + function_off;
  return probe;
}

absl::StatusOr<PlannedProbe> PlanCall(const GoBinary& binary, Program program, std::string_view target,
                                      std::span<const std::string_view> callers, std::string_view why,
                                      WhichCall which) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::Function callee, FindFunction(binary, target));
  for (const auto& caller : binary.FindFunctions(callers)) {
    const auto code = caller.has_value() ? binary.Code(*caller) : absl::NotFoundError("");
    if (!code.ok()) {
      continue;
    }
    const auto sites = FindCallSites(*code, caller->vaddr, binary.info().arch, callee.vaddr);
    if (!sites.ok() || sites->empty() || (which == WhichCall::kOnly && sites->size() != 1)) {
      continue;
    }
    return MakeProbe(program, *caller, sites->front(), fmt::format("call {}", target), std::string(why));
  }
  return base::MakeStatus(absl::StatusCode::kNotFound, "no{} call of {} is where it is expected",
                          which == WhichCall::kOnly ? " single" : "", target);
}

absl::StatusOr<int32_t> StackDepthAt(const GoBinary& binary, const PlannedProbe& probe) {
  if (binary.info().arch != goinspect::Arch::kAmd64) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "frames are understood on amd64 only");
  }
  NODESPAN_ASSIGN_OR_RETURN(const std::span<const uint8_t> code, binary.Code(probe.function));
  NODESPAN_ASSIGN_OR_RETURN(const DecodedFunction function,
                            DecodedFunction::Decode(code, probe.function.vaddr, GoCallees(binary)));
  const auto instructions = function.instructions();
  const auto at = std::find_if(instructions.begin(), instructions.end(), [&probe](const Instruction& instruction) {
    return instruction.off == probe.function_off;
  });
  if (at == instructions.end()) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} is not understood", probe.function.name);
  }
  return function.DepthAt(static_cast<size_t>(at - instructions.begin()));
}

absl::StatusOr<goinspect::Field> FindCheckedField(const GoBinary& binary, std::string_view struct_name,
                                                  std::string_view field_name,
                                                  std::span<const std::string_view> type_names) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType type, binary.FindStruct(struct_name));
  const goinspect::Field* field = type.FindField(field_name);
  if (field == nullptr) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "{} has no field {}", struct_name, field_name);
  }
  if (std::find(type_names.begin(), type_names.end(), field->type_name) == type_names.end()) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{}.{} is a {}, not a {}", struct_name, field_name,
                            field->type_name, type_names.front());
  }
  if (field->offset > kMaxFieldOffset) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{}.{} lies at {}", struct_name, field_name,
                            field->offset);
  }
  return *field;
}

absl::StatusOr<ns_map_layout> PlanMap(const GoBinary& binary, std::string_view map_type) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::MapLayout map, binary.FindMapLayout(map_type));
  if (map.group_bytes == 0 || map.group_bytes > NS_MAP_GROUP_BYTES) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "groups of {} are {} bytes long", map_type,
                            map.group_bytes);
  }
  ns_map_layout layout{};
  if (map.kind == goinspect::MapLayout::Kind::kClassic) {
    NODESPAN_RETURN_IF_ERROR(PlanClassicMap(binary, &layout));
  } else {
    NODESPAN_RETURN_IF_ERROR(PlanSwissMap(binary, &layout));
  }
  layout.group_bytes = static_cast<uint16_t>(map.group_bytes);
  layout.control_off = static_cast<uint16_t>(map.control_off);
  layout.key_off = static_cast<uint16_t>(map.key_off);
  layout.key_stride = static_cast<uint16_t>(map.key_stride);
  layout.elem_off = static_cast<uint16_t>(map.elem_off);
  layout.elem_stride = static_cast<uint16_t>(map.elem_stride);
  layout.overflow_off = static_cast<uint16_t>(map.overflow_off);
  return layout;
}

}  // namespace nodespan::attach
