// SPDX-License-Identifier: Apache-2.0
#include "attach/route_plan.h"

#include <iterator>
#include <optional>
#include <utility>

#include "attach/call_results.h"
#include "attach/end_sites.h"
#include "attach/go_callees.h"
#include "attach/plan_steps.h"
#include "attach/route_catalog.h"
#include "base/status_macros.h"
#include "goinspect/names.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;

constexpr std::string_view kPoolPut = "sync.(*Pool).Put";

ns_value_location Register(int word) { return {.value = NS_REG_ARG0 + word, .source = NS_VALUE_REGISTER, .pad = {}}; }

// A router as one program has it.
struct Found {
  const RouteCatalog* catalog;
  std::vector<goinspect::Function> functions;  // those of the catalogue's that are there; empty: none
  goinspect::Placement placement;              // of the first

  std::string Place(std::string_view name) const {
    const std::string_view star = name.starts_with('*') ? "*" : "";
    return std::string(star) + goinspect::PlaceName(name.substr(star.size()), placement);
  }
};

// Looks for all routers in one pass over the names.
std::vector<Found> FindRouters(const GoBinary& binary) {
  std::vector<std::string_view> patterns;
  for (const RouteCatalog& catalog : kRouteCatalogs) {
    patterns.insert(patterns.end(), catalog.functions.begin(), catalog.functions.end());
  }
  const std::vector<goinspect::FunctionMatches> matches = binary.MatchFunctions(patterns);
  std::vector<Found> routers;
  size_t next = 0;
  for (const RouteCatalog& catalog : kRouteCatalogs) {
    Found router{&catalog, {}, {}};
    for (const std::string_view pattern : catalog.functions) {
      const goinspect::FunctionMatches& match = matches[next++];
      if (match.functions.empty()) {
        continue;
      }
      if (router.functions.empty()) {
        router.placement = goinspect::MatchName(pattern, match.functions.front().name).value_or(goinspect::Placement{});
      }
      router.functions.push_back(match.functions.front());
    }
    routers.push_back(std::move(router));
  }
  return routers;
}

absl::StatusOr<std::vector<PlannedProbe>> PlanPoolPuts(const GoBinary& binary, const Found& router) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::Function put, FindFunction(binary, kPoolPut));
  std::vector<PlannedProbe> probes;
  for (const goinspect::Function& function : router.functions) {
    NODESPAN_ASSIGN_OR_RETURN(const std::span<const uint8_t> code, binary.Code(function));
    NODESPAN_ASSIGN_OR_RETURN(const std::vector<uint64_t> calls,
                              FindCallSites(code, function.vaddr, binary.info().arch, put.vaddr));
    for (const uint64_t call : calls) {
      PlannedProbe probe =
          MakeProbe(Program::kHttpRoute, function, call, fmt::format("call {}", kPoolPut), "the router is done");
      // Put(x any): the type behind the pool itself, then the value
      probe.site.results[NS_ROUTE_SITE_FIRST] = Register(1);
      probe.site.results[NS_ROUTE_SITE_SECOND] = Register(2);
      probes.push_back(std::move(probe));
    }
    if (!probes.empty()) {
      return probes;
    }
  }
  return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} does not call {}", router.functions.front().name,
                          kPoolPut);
}

absl::StatusOr<std::vector<PlannedProbe>> PlanBehindCall(const GoBinary& binary, const Found& router) {
  const RouteCatalog& catalog = *router.catalog;
  const goinspect::Function& caller = router.functions.front();
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::Function callee, FindFunction(binary, catalog.callee));
  NODESPAN_ASSIGN_OR_RETURN(const std::span<const uint8_t> code, binary.Code(caller));
  CallResultsOptions options;
  options.results.assign(catalog.results.begin(), catalog.results.end());
  if (catalog.kind != NS_ROUTE_VALUE) {
    options.argument = catalog.argument;
  }
  options.stack_objects = StackObjectsOf(binary, caller);
  absl::StatusOr<CallResults> found =
      FindCallResults(code, caller.vaddr, binary.info().arch, callee.vaddr, options, GoCallees(binary));
  if (!found.ok()) {
    return base::Annotate(found.status(), caller.name);
  }
  PlannedProbe probe = MakeProbe(Program::kHttpRoute, caller, found->function_off, found->instruction,
                                 fmt::format("behind the call of {}, emulated", catalog.callee));
  for (size_t i = 0; i < found->results.size() && i < NS_SITE_RESULTS; ++i) {
    probe.site.results[i] = Register(found->results[i].reg);
  }
  if (found->argument.has_value()) {
    probe.site.results[NS_ROUTE_SITE_SECOND] = OnStack(found->argument->sp_off);
  }
  return std::vector<PlannedProbe>{std::move(probe)};
}

absl::StatusOr<std::vector<PlannedProbe>> PlanEndResults(const GoBinary& binary, const RouteCatalog& catalog) {
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanEnds(binary, catalog.end));
  if (catalog.handler.kind == NS_HANDLER_NONE) {  // only the string, which has its place behind the handler
    for (PlannedProbe& probe : probes) {
      probe.site.results[NS_ROUTE_SITE_FIRST] = std::exchange(probe.site.results[0], {});
      probe.site.results[NS_ROUTE_SITE_SECOND] = std::exchange(probe.site.results[1], {});
    }
  }
  return probes;
}

absl::StatusOr<std::vector<PlannedProbe>> PlanSites(const GoBinary& binary, const Found& router) {
  const RouteCatalog& catalog = *router.catalog;
  switch (catalog.site) {
    case RouteSite::kPoolPut: return PlanPoolPuts(binary, router);
    case RouteSite::kEndResults: return PlanEndResults(binary, catalog);
    case RouteSite::kBehindCall: return PlanBehindCall(binary, router);
    case RouteSite::kCaptured:
    case RouteSite::kArgument: break;
  }
  const std::string_view name = router.functions.front().name;
  const FunctionSpec spec{Program::kHttpRoute, {&name, 1}};
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, {&spec, 1}));
  for (PlannedProbe& probe : probes) {
    if (catalog.site == RouteSite::kArgument) {
      probe.site.results[NS_ROUTE_SITE_SECOND] = Register(catalog.argument);
    }
  }
  return probes;
}

// How a handler is found within the closure that the router puts around it.
absl::Status PlanWrapper(const GoBinary& binary, const RouteHandler& handler, ns_route_params* route) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::Function wrapper, FindFunction(binary, handler.wrapper));
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::Function callee, FindFunction(binary, handler.wrapper_calls));
  NODESPAN_ASSIGN_OR_RETURN(const std::span<const uint8_t> code, binary.Code(wrapper));
  NODESPAN_ASSIGN_OR_RETURN(
      route->wrapped_off, FindCapturedArgument(code, binary.info().arch, wrapper.vaddr, callee.vaddr, /*argument=*/0));
  route->wrapper_vaddr = wrapper.vaddr;
  return absl::OkStatus();
}

absl::Status PlanHandler(const GoBinary& binary, const RouteHandler& handler, ns_route_params* route,
                         LibraryPlan* plan) {
  if (!handler.field_name.empty()) {
    NODESPAN_ASSIGN_OR_RETURN(goinspect::Field field, FindCheckedField(binary, handler.struct_name, handler.field_name,
                                                                       {&handler.type_name, 1}));
    route->handler_off = static_cast<uint16_t>(field.offset);
    plan->fields.push_back({std::string(handler.struct_name), std::move(field)});
  }
  if (!handler.wrapper.empty()) {
    NODESPAN_RETURN_IF_ERROR(PlanWrapper(binary, handler, route));
  }
  route->handler_kind = static_cast<uint8_t>(handler.kind);
  route->handler_is_behind = handler.is_behind ? 1 : 0;
  return absl::OkStatus();
}

// Adds up the offsets of the steps.
absl::Status PlanSteps(const GoBinary& binary, const Found& router, ns_route_params* route, LibraryPlan* plan) {
  uint64_t offset = 0;
  for (const RouteStep& step : router.catalog->steps) {
    std::string struct_name = router.Place(step.struct_name);
    NODESPAN_ASSIGN_OR_RETURN(goinspect::Field field,
                              FindCheckedField(binary, struct_name, step.field_name, {&step.type_name, 1}));
    offset += field.offset;
    if (offset > UINT16_MAX) {
      return base::MakeStatus(absl::StatusCode::kUnimplemented, "{}.{} lies at {}", struct_name, step.field_name,
                              offset);
    }
    if (step.follow) {
      route->has_pointer = 1;
      route->pointer_off = static_cast<uint16_t>(offset);
      offset = 0;
    }
    plan->fields.push_back({std::move(struct_name), std::move(field)});
  }
  route->route_off = static_cast<uint16_t>(offset);
  return absl::OkStatus();
}

// A field that says something about the route, if the catalogue names one.
absl::Status PlanHint(const GoBinary& binary, const Found& router, const RouteStep& step, uint8_t* has, uint16_t* off,
                      LibraryPlan* plan) {
  if (step.field_name.empty()) {
    return absl::OkStatus();
  }
  std::string struct_name = router.Place(step.struct_name);
  NODESPAN_ASSIGN_OR_RETURN(goinspect::Field field,
                            FindCheckedField(binary, struct_name, step.field_name, {&step.type_name, 1}));
  *has = 1;
  *off = static_cast<uint16_t>(field.offset);
  plan->fields.push_back({std::move(struct_name), std::move(field)});
  return absl::OkStatus();
}

absl::Status Plan(const GoBinary& binary, const Found& router, size_t index, ns_binary_params* params,
                  LibraryPlan* plan) {
  const RouteCatalog& catalog = *router.catalog;
  if (index >= NS_ROUTES) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "there are more than {} routers in the binary",
                            NS_ROUTES);
  }
  ns_route_params* route = &params->routes[index];
  route->kind = static_cast<uint8_t>(catalog.kind);
  route->source = static_cast<uint8_t>(catalog.source);
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanSites(binary, router));
  NODESPAN_RETURN_IF_ERROR(PlanSteps(binary, router, route, plan));
  NODESPAN_RETURN_IF_ERROR(PlanHint(binary, router, catalog.owner, &route->has_owner, &route->owner_off, plan));
  NODESPAN_RETURN_IF_ERROR(PlanHint(binary, router, catalog.unless, &route->has_unless, &route->unless_off, plan));
  if (!catalog.object_type.empty()) {
    const std::string type = router.Place(catalog.object_type);
    NODESPAN_ASSIGN_OR_RETURN(route->type_vaddr, binary.FindType(type));
    plan->details.push_back(fmt::format("type {} at {:#x}", type, route->type_vaddr));
  }
  LibraryPlan handler_plan;
  ns_route_params with_handler = *route;
  if (const absl::Status status = PlanHandler(binary, catalog.handler, &with_handler, &handler_plan); status.ok()) {
    *route = with_handler;
    std::move(handler_plan.fields.begin(), handler_plan.fields.end(), std::back_inserter(plan->fields));
  } else {
    plan->problems.push_back(fmt::format("without code.function.name: {}", base::Message(status)));
  }
  for (PlannedProbe& probe : probes) {
    probe.site.tag = static_cast<uint8_t>(index);
  }
  plan->probes = std::move(probes);
  return absl::OkStatus();
}

}  // namespace

std::vector<LibraryPlan> PlanRoutes(const GoBinary& binary, ns_binary_params* params) {
  std::vector<LibraryPlan> plans;
  size_t index = 0;
  for (const Found& router : FindRouters(binary)) {
    const RouteCatalog& catalog = *router.catalog;
    if (catalog.needs_request_field != 0 && (params->http_request.present & catalog.needs_request_field) == 0) {
      continue;
    }
    const bool is_alternative = !plans.empty() && plans.back().library == catalog.library;
    if (is_alternative && plans.back().attach) {
      continue;
    }
    std::vector<std::string_view> used_when;
    for (const goinspect::Function& function : router.functions) {
      used_when.push_back(function.name);
    }
    LibraryPlan plan = PlanLibrary(
        binary, catalog.library, LibraryKind::kDetail, used_when, params,
        [&](ns_binary_params* candidate, LibraryPlan* part) { return Plan(binary, router, index, candidate, part); });
    index += plan.attach ? 1 : 0;
    if (!is_alternative) {
      plans.push_back(std::move(plan));
    } else if (plan.attach) {
      plans.back() = std::move(plan);
    }
  }
  return plans;
}

}  // namespace nodespan::attach
