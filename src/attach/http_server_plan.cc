// SPDX-License-Identifier: Apache-2.0
#include "attach/http_server_plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "attach/plan_steps.h"
#include "attach/probe_catalog.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

constexpr std::string_view kPanicTypes[] = {"*runtime._panic"};

// Reads status, written and handlerDone in one window: makes their offsets relative to the lowest.
absl::Status PlanResponseWindow(const goinspect::GoBinary& binary, ns_http_server_params* http, LibraryPlan* plan) {
  const size_t first_use = plan->fields.size();
  uint32_t present = 0;
  NODESPAN_RETURN_IF_ERROR(
      ResolveFields<ns_http_server_params>(binary, kHttpServerCatalog.response_fields, http, &present, plan));
  uint64_t begin = UINT64_MAX;
  uint64_t end = 0;
  for (size_t i = first_use; i < plan->fields.size(); ++i) {
    const goinspect::Field& field = plan->fields[i].field;
    // Whole words: the program loads 8 bytes at a time.
    begin = std::min(begin, field.offset & ~uint64_t{7});
    end = std::max(end, (field.offset + field.size_bytes + 7) & ~uint64_t{7});
  }
  if (end - begin > NS_WINDOW_BYTES) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "the fields of net/http.response are {} bytes apart",
                            end - begin);
  }
  http->response_window_off = static_cast<uint16_t>(begin);
  http->response_window_bytes = static_cast<uint16_t>(end - begin);
  for (const FieldSpec<ns_http_server_params>& spec : kHttpServerCatalog.response_fields) {
    http->*spec.offset = static_cast<uint16_t>(http->*spec.offset - begin);
  }
  return absl::OkStatus();
}

bool IsCalledFromCleanup(const goinspect::GoBinary& binary, uint64_t end_vaddr) {
  for (const auto& cleanup : binary.FindFunctions(kHttpServerCatalog.panic_cleanups)) {
    const auto code = cleanup.has_value() ? binary.Code(*cleanup) : absl::NotFoundError("");
    if (code.ok() && Calls(*code, cleanup->vaddr, binary.info().arch, end_vaddr)) {
      return true;
    }
  }
  return false;
}

// Sees to it that a request whose handler panics has an end. `probes`: start and end.
void PlanPanics(const goinspect::GoBinary& binary, uint16_t branch_sites, std::vector<PlannedProbe>* probes,
                LibraryPlan* plan) {
  if (IsCalledFromCleanup(binary, probes->back().function.vaddr)) {
    return;
  }
  uint16_t panic_branch_sites = 0;
  absl::StatusOr<std::vector<PlannedProbe>> ends =
      PlanProbes(binary, kHttpServerCatalog.panic_ends, &panic_branch_sites);
  // The program knows of one kind of end site only.
  if (ends.ok() && panic_branch_sites != (branch_sites & NS_HTTP_BRANCH_END)) {
    ends = base::MakeStatus(absl::StatusCode::kUnimplemented, "its sites for the end differ in kind");
  }
  if (!ends.ok()) {
    plan->problems.push_back(fmt::format("without requests whose handler panics: {}", base::Message(ends.status())));
    return;
  }
  plan->details.emplace_back("a request whose handler panics ends with its connection (Go <= 1.17)");
  std::move(ends->begin(), ends->end(), std::back_inserter(*probes));
}

absl::Status Plan(const goinspect::GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  ns_http_server_params* http = &params->http_server;
  if (!binary.info().has_register_arguments) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented,
                            "Go 1.17 and older pass arguments in memory on arm64: Go 1.18 is needed there");
  }
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes,
                            PlanProbes(binary, kHttpServerCatalog.functions, &http->branch_sites));
  PlanPanics(binary, http->branch_sites, &probes, plan);

  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType request, binary.FindStruct("net/http.Request"));
  if (request.size_bytes > NS_WINDOW_BYTES) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "net/http.Request is {} bytes long", request.size_bytes);
  }
  http->request_bytes = static_cast<uint16_t>(request.size_bytes);
  NODESPAN_RETURN_IF_ERROR(
      ResolveFields<ns_http_server_params>(binary, kHttpServerCatalog.request_fields, http, &http->present, plan));
  if ((http->present & (NS_HTTP_PARAM_PATTERN | NS_HTTP_PARAM_PAT_STR)) == 0) {
    plan->problems.emplace_back("without http.route: net/http.Request has no Pattern (Go < 1.22)");
  }
  NODESPAN_RETURN_IF_ERROR(PlanResponseWindow(binary, http, plan));

  NODESPAN_ASSIGN_OR_RETURN(goinspect::Field panic, FindCheckedField(binary, "runtime.g", "_panic", kPanicTypes));
  params->g_panic_off = static_cast<uint16_t>(panic.offset);
  plan->fields.push_back({"runtime.g", std::move(panic)});

  NODESPAN_ASSIGN_OR_RETURN(http->response_itab_vaddr,
                            binary.FindItab("net/http.ResponseWriter", "*net/http.response"));
  plan->details.push_back(
      fmt::format("itab (http.ResponseWriter, *http.response) at {:#x}", http->response_itab_vaddr));

  if (const absl::StatusOr<ns_map_layout> headers = PlanMap(binary, "net/http.Header"); headers.ok()) {
    http->header_map = *headers;
    plan->details.push_back(fmt::format("http.Header is a {} map, groups of {} bytes",
                                        headers->kind == NS_MAP_SWISS ? "Swiss" : "classic", headers->group_bytes));
  } else {
    http->header_map.kind = NS_MAP_NONE;
    plan->problems.push_back(
        fmt::format("without request headers (traceparent, user agent): {}", base::Message(headers.status())));
  }
  plan->probes = std::move(probes);
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanHttpServer(const goinspect::GoBinary& binary, ns_binary_params* params) {
  LibraryPlan plan;
  plan.library = kHttpServerCatalog.library;
  ns_binary_params candidate = *params;
  const absl::Status status = Plan(binary, &candidate, &plan);
  plan.attach = status.ok();
  if (status.ok()) {
    *params = candidate;
  } else {
    plan.fields.clear();
    plan.details.clear();
    plan.problems = {std::string(base::Message(status))};
  }
  return plan;
}

}  // namespace nodespan::attach
