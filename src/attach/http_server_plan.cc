// SPDX-License-Identifier: Apache-2.0
#include "attach/http_server_plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "attach/code_sites.h"
#include "attach/http_catalog.h"
#include "attach/http_request_plan.h"
#include "attach/plan_steps.h"
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
void PlanPanics(const goinspect::GoBinary& binary, std::vector<PlannedProbe>* probes, LibraryPlan* plan) {
  if (IsCalledFromCleanup(binary, probes->back().function.vaddr)) {
    return;
  }
  absl::StatusOr<std::vector<PlannedProbe>> ends = PlanProbes(binary, kHttpServerCatalog.panic_ends);
  if (!ends.ok()) {
    plan->problems.push_back(fmt::format("without requests whose handler panics: {}", base::Message(ends.status())));
    return;
  }
  plan->details.emplace_back("a request whose handler panics ends with its connection (Go <= 1.17)");
  std::move(ends->begin(), ends->end(), std::back_inserter(*probes));
}

absl::Status Plan(const goinspect::GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  ns_http_server_params* http = &params->http_server;
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, kHttpServerCatalog.functions));
  PlanPanics(binary, &probes, plan);

  NODESPAN_RETURN_IF_ERROR(PlanHttpRequest(binary, kHttpRequestCatalog.server_fields, &params->http_request, plan));
  if ((params->http_request.present & (NS_HTTP_PARAM_PATTERN | NS_HTTP_PARAM_PAT_STR)) == 0) {
    plan->problems.emplace_back("without http.route: net/http.Request has no Pattern (Go < 1.22)");
  }
  NODESPAN_RETURN_IF_ERROR(PlanResponseWindow(binary, http, plan));

  NODESPAN_ASSIGN_OR_RETURN(goinspect::Field panic, FindCheckedField(binary, "runtime.g", "_panic", kPanicTypes));
  params->go.g_panic_off = static_cast<uint16_t>(panic.offset);
  plan->fields.push_back({"runtime.g", std::move(panic)});

  NODESPAN_ASSIGN_OR_RETURN(http->response_itab_vaddr,
                            binary.FindItab("net/http.ResponseWriter", "*net/http.response"));
  plan->details.push_back(
      fmt::format("itab (http.ResponseWriter, *http.response) at {:#x}", http->response_itab_vaddr));

  if (const absl::StatusOr<ns_map_layout> headers = PlanMap(binary, "net/http.Header"); headers.ok()) {
    params->http_header_map = *headers;
    plan->details.push_back(fmt::format("http.Header is a {} map, groups of {} bytes",
                                        headers->kind == NS_MAP_SWISS ? "Swiss" : "classic", headers->group_bytes));
  } else {
    params->http_header_map.kind = NS_MAP_NONE;
    plan->problems.push_back(
        fmt::format("without request headers (traceparent, user agent): {}", base::Message(headers.status())));
  }
  plan->probes = std::move(probes);
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanHttpServer(const goinspect::GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(binary, kHttpServerCatalog.library, LibraryKind::kServer,
                     kHttpServerCatalog.functions.front().candidates, params,
                     [&](ns_binary_params* candidate, LibraryPlan* plan) { return Plan(binary, candidate, plan); });
}

}  // namespace nodespan::attach
