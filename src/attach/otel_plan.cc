// SPDX-License-Identifier: Apache-2.0
#include "attach/otel_plan.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "attach/otel_catalog.h"
#include "attach/plan_steps.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;

void AddProbes(std::vector<PlannedProbe> probes, int tag, LibraryPlan* plan) {
  for (PlannedProbe& probe : probes) {
    probe.site.tag = static_cast<uint8_t>(tag);
    plan->probes.push_back(std::move(probe));
  }
}

absl::Status AddFunction(const GoBinary& binary, const FunctionSpec& function, int tag, LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, {&function, 1}));
  AddProbes(std::move(probes), tag, plan);
  return absl::OkStatus();
}

// How a context leads to its span.
absl::Status PlanContextValues(const GoBinary& binary, ns_otel_params* otel, LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(otel->context_key_type_vaddr, binary.FindType(kOtelContextCatalog.key_type));
  for (size_t i = 0; i < kOtelContextCatalog.span_types.size(); ++i) {
    const std::string_view name = kOtelContextCatalog.span_types[i];
    if (const auto type = binary.FindType(name); type.ok()) {
      otel->span_type_vaddrs[i] = *type;
      plan->details.push_back(fmt::format("spans in contexts are of type {}, at {:#x}", name, *type));
    }
  }
  return absl::OkStatus();
}

absl::Status PlanSdks(const GoBinary& binary, ns_otel_params* otel, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_RETURN_IF_ERROR(PlanContextValues(binary, otel, plan));
  absl::Status first;
  for (const OtelSdkCatalog& module : kOtelSdksCatalog.modules) {
    const std::array<FunctionSpec, 2> functions = {module.start, module.ended};
    absl::StatusOr<std::vector<PlannedProbe>> probes = PlanProbes(binary, functions);
    if (probes.ok()) {
      AddProbes(*std::move(probes), module.type, plan);
    } else {
      first.Update(probes.status());
    }
  }
  return plan->probes.empty() ? first : absl::OkStatus();
}

absl::Status PlanElements(const GoBinary& binary, const OtelElementCatalog& catalog, ns_otel_params* otel,
                          LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType element, binary.FindStruct(catalog.struct_name));
  NODESPAN_ASSIGN_OR_RETURN(goinspect::Field inner, FindCheckedField(binary, catalog.struct_name, catalog.inner_field,
                                                                     catalog.inner_type_names));
  if (element.size_bytes > UINT16_MAX) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} has {} bytes", element.qualified_name,
                            element.size_bytes);
  }
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_otel_params>(binary, catalog.fields, otel, plan));
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_otel_params>(binary, catalog.inner_fields, otel, plan));
  for (const FieldSpec<ns_otel_params>& field : catalog.inner_fields) {
    otel->*field.offset = static_cast<uint16_t>(otel->*field.offset + inner.offset);
  }
  plan->fields.push_back({std::string(catalog.struct_name), std::move(inner)});
  otel->*catalog.bytes = static_cast<uint16_t>(element.size_bytes);
  otel->present |= catalog.present_bit;
  return absl::OkStatus();
}

absl::Status PlanAttributes(const GoBinary& binary, ns_otel_params* otel, LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(const uint64_t option, binary.FindType(kOtelGlobalCatalog.attribute_option_type));
  NODESPAN_RETURN_IF_ERROR(PlanElements(binary, kOtelGlobalCatalog.attributes, otel, plan));
  otel->attribute_option_type_vaddr = option;
  return absl::OkStatus();
}

absl::Status PlanLinks(const GoBinary& binary, ns_otel_params* otel, LibraryPlan* plan) {
  return PlanElements(binary, kOtelGlobalCatalog.links, otel, plan);
}

absl::Status PlanTimestamps(const GoBinary& binary, ns_otel_params* otel, LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(const uint64_t option, binary.FindType(kOtelGlobalCatalog.timestamp_option_type));
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_otel_params>(binary, kOtelGlobalCatalog.time_fields, otel, plan));
  otel->timestamp_option_type_vaddr = option;
  otel->present |= NS_OTEL_PARAM_TIME;
  return absl::OkStatus();
}

// What options of a start can say. A program that never uses one does not have its type, and loses nothing.
absl::Status PlanOptions(const GoBinary& binary, ns_otel_params* otel, LibraryPlan* plan) {
  if (const auto option = binary.FindType(kOtelGlobalCatalog.span_option_type); option.ok()) {
    otel->span_option_type_vaddr = *option;
  }
  for (const auto part : {PlanAttributes, PlanLinks, PlanTimestamps}) {
    absl::Status status = part(binary, otel, plan);
    if (!status.ok() && !absl::IsNotFound(status)) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status PlanStart(const GoBinary& binary, LibraryPlan* plan) {
  absl::Status first;
  for (const OtelStartSpec& start : kOtelGlobalCatalog.starts) {
    absl::Status status = AddFunction(binary, start.function, start.arguments, plan);
    if (status.ok()) {
      return status;
    }
    first.Update(status);
  }
  return first;
}

absl::Status PlanGlobal(const GoBinary& binary, ns_otel_params* otel, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_RETURN_IF_ERROR(PlanContextValues(binary, otel, plan));
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_otel_params>(binary, kOtelGlobalCatalog.fields, otel, plan));
  NODESPAN_RETURN_IF_ERROR(PlanOptions(binary, otel, plan));
  NODESPAN_RETURN_IF_ERROR(PlanStart(binary, plan));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> created, PlanEnds(binary, kOtelGlobalCatalog.created));
  std::move(created.begin(), created.end(), std::back_inserter(plan->probes));
  for (const OtelCallSpec& call : kOtelGlobalCatalog.calls) {
    absl::Status status = AddFunction(binary, call.function, call.action, plan);
    if (!status.ok() && call.lost_without.empty()) {
      return status;
    }
    if (!status.ok() && !absl::IsNotFound(status)) {
      plan->problems.push_back(fmt::format("without {}: {}", call.lost_without, base::Message(status)));
    }
  }
  return absl::OkStatus();
}

// "*example.com/pkg.Exporter" -> "example.com/pkg.(*Exporter).ExportSpans".
std::string MethodName(std::string_view type_name, std::string_view method) {
  const bool is_pointer = type_name.starts_with('*');
  type_name.remove_prefix(is_pointer ? 1 : 0);
  const size_t dot = type_name.find('.', type_name.rfind('/') + 1);
  if (!is_pointer || dot == std::string_view::npos) {
    return fmt::format("{}.{}", type_name, method);
  }
  return fmt::format("{}.(*{}).{}", type_name.substr(0, dot), type_name.substr(dot + 1), method);
}

absl::Status PlanExporters(const GoBinary& binary, LibraryPlan* plan) {
  const auto exporters = binary.FindImplementations(kOwnSdkCatalog.exporter_interface);
  for (const goinspect::Implementation& exporter :
       exporters.ok() ? *exporters : std::vector<goinspect::Implementation>()) {
    const auto& kept = kOwnSdkCatalog.not_exporters;
    if (std::find(kept.begin(), kept.end(), exporter.type_name) != kept.end()) {
      continue;
    }
    const std::string name = MethodName(exporter.type_name, kOwnSdkCatalog.method);
    const std::string_view candidates[] = {name};
    const FunctionSpec function = {kOwnSdkCatalog.program, candidates};
    if (absl::StatusOr<std::vector<PlannedProbe>> probes = PlanProbes(binary, {&function, 1}); probes.ok()) {
      std::move(probes->begin(), probes->end(), std::back_inserter(plan->probes));
    } else {
      plan->problems.push_back(fmt::format("without {}: {}", exporter.type_name, base::Message(probes.status())));
    }
  }
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanOtelSdks(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(
      binary, kOtelSdksCatalog.library, LibraryKind::kApi, kOtelSdksCatalog.used_when, params,
      [&](ns_binary_params* candidate, LibraryPlan* plan) { return PlanSdks(binary, &candidate->otel, plan); });
}

LibraryPlan PlanOtelGlobal(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(
      binary, kOtelGlobalCatalog.library, LibraryKind::kApi, kOtelGlobalCatalog.used_when, params,
      [&](ns_binary_params* candidate, LibraryPlan* plan) { return PlanGlobal(binary, &candidate->otel, plan); });
}

LibraryPlan PlanOwnSdk(const GoBinary& binary) {
  ns_binary_params unused{};
  LibraryPlan plan =
      PlanLibrary(binary, kOwnSdkCatalog.library, LibraryKind::kOwnSdk, kOwnSdkCatalog.used_when, &unused,
                  [&](ns_binary_params*, LibraryPlan* candidate) { return PlanExporters(binary, candidate); });
  // An SDK without exporters that leave the process is no reason to say anything.
  plan.is_used = plan.is_used && !(plan.probes.empty() && plan.problems.empty());
  return plan;
}

void PlanOtelContexts(const GoBinary& binary, std::vector<ContextType>* context_types) {
  const auto type = binary.FindStruct(kOtelContextCatalog.value_context_struct);
  if (!type.ok()) {
    return;
  }
  const goinspect::Field* key = type->FindField(kOtelContextCatalog.key_field);
  const goinspect::Field* value = type->FindField(kOtelContextCatalog.value_field);
  if (key == nullptr || value == nullptr || key->kind != goinspect::Kind::kInterface ||
      value->kind != goinspect::Kind::kInterface) {
    return;
  }
  for (ContextType& context : *context_types) {
    if (context.type_name == kOtelContextCatalog.value_context) {
      context.layout.has_value = 1;
      context.layout.key_off = static_cast<uint16_t>(key->offset);
      context.layout.val_off = static_cast<uint16_t>(value->offset);
    }
  }
}

}  // namespace nodespan::attach
