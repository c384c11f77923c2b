// SPDX-License-Identifier: Apache-2.0
#include "attach/route_plan.h"

#include <iterator>
#include <optional>
#include <utility>

#include "attach/end_sites.h"
#include "attach/plan_steps.h"
#include "attach/route_catalog.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;

constexpr std::string_view kPoolPut[] = {"sync.(*Pool).Put"};

ns_value_location Register(int word) { return {.value = NS_REG_ARG0 + word, .source = NS_VALUE_REGISTER, .pad = {}}; }

absl::StatusOr<std::vector<PlannedProbe>> PlanPoolPuts(const GoBinary& binary, const RouteCatalog& catalog) {
  const std::optional<goinspect::Function> put = std::move(binary.FindFunctions(kPoolPut).front());
  if (!put.has_value()) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "function {} is not in the binary", kPoolPut[0]);
  }
  std::vector<PlannedProbe> probes;
  for (const std::optional<goinspect::Function>& function : binary.FindFunctions(catalog.functions)) {
    if (!function.has_value() || !probes.empty()) {
      continue;
    }
    NODESPAN_ASSIGN_OR_RETURN(const std::span<const uint8_t> code, binary.Code(*function));
    NODESPAN_ASSIGN_OR_RETURN(const std::vector<uint64_t> calls,
                              FindCallSites(code, function->vaddr, binary.info().arch, put->vaddr));
    for (const uint64_t call : calls) {
      PlannedProbe probe{Program::kHttpRoute,  *function, call, function->file_off + call, "call sync.(*Pool).Put",
                         "the router is done", {}};
      probe.site.vaddr = function->vaddr + call;
      probe.site.results[0] = Register(1);  // Put(x any): the type behind the pool itself, then the value
      probe.site.results[1] = Register(2);
      probes.push_back(std::move(probe));
    }
  }
  if (probes.empty()) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} does not call {}", catalog.functions.front(),
                            kPoolPut[0]);
  }
  return probes;
}

absl::StatusOr<std::vector<PlannedProbe>> PlanSites(const GoBinary& binary, const RouteCatalog& catalog) {
  if (catalog.site == RouteSite::kPoolPut) {
    return PlanPoolPuts(binary, catalog);
  }
  if (catalog.site == RouteSite::kEndResults) {
    return PlanEnds(binary, catalog.end);
  }
  const FunctionSpec spec{Program::kHttpRoute, catalog.functions};
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, {&spec, 1}));
  for (PlannedProbe& probe : probes) {
    probe.site.results[1] = Register(catalog.argument);
  }
  return probes;
}

// Adds up the offsets of the steps.
absl::Status PlanSteps(const GoBinary& binary, const RouteCatalog& catalog, ns_route_params* route, LibraryPlan* plan) {
  uint64_t offset = 0;
  for (const RouteStep& step : catalog.steps) {
    NODESPAN_ASSIGN_OR_RETURN(goinspect::Field field,
                              FindCheckedField(binary, step.struct_name, step.field_name, {&step.type_name, 1}));
    offset += field.offset;
    if (offset > UINT16_MAX) {
      return base::MakeStatus(absl::StatusCode::kUnimplemented, "{}.{} lies at {}", step.struct_name, step.field_name,
                              offset);
    }
    if (step.follow) {
      route->has_pointer = 1;
      route->pointer_off = static_cast<uint16_t>(offset);
      offset = 0;
    }
    plan->fields.push_back({std::string(step.struct_name), std::move(field)});
  }
  route->route_off = static_cast<uint16_t>(offset);
  return absl::OkStatus();
}

absl::Status Plan(const GoBinary& binary, const RouteCatalog& catalog, size_t index, ns_binary_params* params,
                  LibraryPlan* plan) {
  if (index >= NS_ROUTES) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "there are more than {} routers in the binary",
                            NS_ROUTES);
  }
  ns_route_params* route = &params->routes[index];
  route->kind = static_cast<uint8_t>(catalog.kind);
  route->source = static_cast<uint8_t>(catalog.source);
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanSites(binary, catalog));
  NODESPAN_RETURN_IF_ERROR(PlanSteps(binary, catalog, route, plan));
  if (!catalog.object_type.empty()) {
    NODESPAN_ASSIGN_OR_RETURN(route->type_vaddr, binary.FindType(catalog.object_type));
    plan->details.push_back(fmt::format("type {} at {:#x}", catalog.object_type, route->type_vaddr));
  }
  for (PlannedProbe& probe : probes) {
    probe.site.results[NS_ROUTE_SITE_PARAMS] = {
        .value = static_cast<int32_t>(index), .source = NS_VALUE_CONSTANT, .pad = {}};
  }
  plan->probes = std::move(probes);
  return absl::OkStatus();
}

}  // namespace

std::vector<LibraryPlan> PlanRoutes(const GoBinary& binary, ns_binary_params* params) {
  std::vector<LibraryPlan> plans;
  size_t index = 0;
  for (const RouteCatalog& catalog : kRouteCatalogs) {
    if (catalog.needs_request_field != 0 && (params->http_request.present & catalog.needs_request_field) == 0) {
      continue;
    }
    plans.push_back(PlanLibrary(
        binary, catalog.library, LibraryKind::kDetail, catalog.functions, params,
        [&](ns_binary_params* candidate, LibraryPlan* plan) { return Plan(binary, catalog, index, candidate, plan); }));
    index += plans.back().attach ? 1 : 0;
  }
  return plans;
}

}  // namespace nodespan::attach
