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

// Resolves fields that the end reads in one window: makes their offsets relative to the lowest.
absl::Status PlanWindow(const goinspect::GoBinary& binary, std::span<const FieldSpec<ns_http_writer>> specs,
                        ns_http_writer* writer, LibraryPlan* plan) {
  const size_t first_use = plan->fields.size();
  uint32_t present = 0;
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_http_writer>(binary, specs, writer, &present, plan));
  uint64_t begin = UINT64_MAX;
  uint64_t end = 0;
  for (size_t i = first_use; i < plan->fields.size(); ++i) {
    const goinspect::Field& field = plan->fields[i].field;
    // Whole words: the program loads 8 bytes at a time.
    begin = std::min(begin, field.offset & ~uint64_t{7});
    end = std::max(end, (field.offset + field.size_bytes + 7) & ~uint64_t{7});
  }
  if (end - begin > NS_WINDOW_BYTES) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "the fields of {} are {} bytes apart",
                            specs.front().struct_name, end - begin);
  }
  writer->window_off = static_cast<uint16_t>(begin);
  writer->window_bytes = static_cast<uint16_t>(end - begin);
  for (const FieldSpec<ns_http_writer>& spec : specs) {
    writer->*spec.offset = static_cast<uint16_t>(writer->*spec.offset - begin);
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

absl::StatusOr<uint64_t> FindWriter(const goinspect::GoBinary& binary, std::string_view type, LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(const uint64_t itab_vaddr, binary.FindItab("net/http.ResponseWriter", type));
  plan->details.push_back(fmt::format("itab (http.ResponseWriter, {}) at {:#x}", type, itab_vaddr));
  return itab_vaddr;
}

// What leads from an http.Handler to its function. Nothing of it is needed: spans lack code.function.name without.
void PlanHandlers(const goinspect::GoBinary& binary, ns_handler_params* params, LibraryPlan* plan) {
  constexpr std::string_view kHandler = "net/http.Handler";
  if (const auto itab = binary.FindItab(kHandler, "net/http.HandlerFunc"); itab.ok()) {
    params->func_itab_vaddr = *itab;
  }
  for (const std::string_view type : kHttpHandlerCatalog.chain_types) {
    const auto itab = binary.FindItab(kHandler, fmt::format("*{}", type));
    absl::StatusOr<goinspect::Field> endpoint = FindCheckedField(binary, type, kHttpHandlerCatalog.chain_endpoint_field,
                                                                 kHttpHandlerCatalog.server_fields.back().type_names);
    if (itab.ok() && endpoint.ok()) {
      params->chain_itab_vaddr = *itab;
      params->chain_endpoint_off = static_cast<uint16_t>(endpoint->offset);
      plan->fields.push_back({std::string(type), *std::move(endpoint)});
      break;
    }
  }
  ns_handler_params with_server = *params;
  uint32_t present = 0;
  LibraryPlan part;
  const absl::Status status =
      ResolveFields<ns_handler_params>(binary, kHttpHandlerCatalog.server_fields, &with_server, &present, &part);
  if (status.ok() && params->func_itab_vaddr != 0) {
    *params = with_server;
    params->present |= NS_HANDLER_PARAM_SERVER;
    std::move(part.fields.begin(), part.fields.end(), std::back_inserter(plan->fields));
  }
}

absl::Status Plan(const goinspect::GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, kHttpServerCatalog.functions));
  PlanPanics(binary, &probes, plan);

  NODESPAN_RETURN_IF_ERROR(PlanHttpRequest(binary, kHttpRequestCatalog.server_fields, &params->http_request, plan));
  ns_http_writer* writer = &params->http_server.writers[0];
  writer->kind = NS_WRITER_HTTP1;
  NODESPAN_RETURN_IF_ERROR(PlanWindow(binary, kHttpServerCatalog.response_fields, writer, plan));

  NODESPAN_ASSIGN_OR_RETURN(goinspect::Field panic, FindCheckedField(binary, "runtime.g", "_panic", kPanicTypes));
  params->go.g_panic_off = static_cast<uint16_t>(panic.offset);
  plan->fields.push_back({"runtime.g", std::move(panic)});

  NODESPAN_ASSIGN_OR_RETURN(writer->itab_vaddr, FindWriter(binary, "*net/http.response", plan));

  PlanHandlers(binary, &params->handler, plan);
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

bool HasAny(const goinspect::GoBinary& binary, std::span<const std::string_view> functions) {
  const auto found = binary.FindFunctions(functions);
  return std::any_of(found.begin(), found.end(), [](const auto& function) { return function.has_value(); });
}

// The start of requests that no http.Server sees.
absl::StatusOr<std::vector<PlannedProbe>> PlanStreamStart(const goinspect::GoBinary& binary,
                                                          const HttpStreamCatalog& catalog, size_t index,
                                                          ns_binary_params* params, LibraryPlan* plan) {
  if (catalog.start.empty() || (!catalog.start_when.empty() && !HasAny(binary, catalog.start_when))) {
    return std::vector<PlannedProbe>();
  }
  ns_http_writer* writer = &params->http_server.writers[index];
  writer->flags = NS_WRITER_STARTS_EARLIER;
  if (!catalog.request_fields.empty()) {
    writer->flags |= NS_WRITER_STREAM_REQUEST;
    NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType type, binary.FindStruct(catalog.request_type));
    if (type.size_bytes > NS_WINDOW_BYTES) {
      return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} is {} bytes long", catalog.request_type,
                              type.size_bytes);
    }
    ns_http_request_params* request = &params->stream_request;
    request->bytes = static_cast<uint16_t>(type.size_bytes);
    NODESPAN_RETURN_IF_ERROR(
        ResolveFields<ns_http_request_params>(binary, catalog.request_fields, request, &request->present, plan));
  }
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, catalog.start));
  for (PlannedProbe& probe : probes) {
    probe.site.results[NS_STREAM_SITE_WRITER] = Constant(static_cast<int32_t>(index));
  }
  return probes;
}

absl::Status PlanStreams(const goinspect::GoBinary& binary, const HttpStreamCatalog& catalog, size_t index,
                         ns_binary_params* params, LibraryPlan* plan) {
  ns_http_writer* writer = &params->http_server.writers[index];
  writer->kind = NS_WRITER_HTTP2;
  NODESPAN_RETURN_IF_ERROR(PlanWindow(binary, catalog.state_fields, writer, plan));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanStreamStart(binary, catalog, index, params, plan));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> ends, PlanProbes(binary, catalog.end));
  std::move(ends.begin(), ends.end(), std::back_inserter(probes));
  uint32_t present = 0;
  for (const auto specs : {catalog.writer_fields, catalog.stream_fields}) {
    NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_http_writer>(binary, specs, writer, &present, plan));
  }
  NODESPAN_ASSIGN_OR_RETURN(writer->itab_vaddr, FindWriter(binary, catalog.writer_type, plan));
  plan->probes = std::move(probes);
  return absl::OkStatus();
}

}  // namespace

std::vector<LibraryPlan> PlanHttpStreams(const goinspect::GoBinary& binary, ns_binary_params* params) {
  std::vector<LibraryPlan> plans;
  size_t next = 1;  // behind HTTP/1
  for (const HttpStreamCatalog& catalog : kHttpStreamCatalogs) {
    plans.push_back(PlanLibrary(binary, catalog.library, LibraryKind::kServer, catalog.end.front().candidates, params,
                                [&](ns_binary_params* candidate, LibraryPlan* plan) {
                                  return PlanStreams(binary, catalog, next, candidate, plan);
                                }));
    ++next;
  }
  return plans;
}

LibraryPlan PlanHttpServer(const goinspect::GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(binary, kHttpServerCatalog.library, LibraryKind::kServer,
                     kHttpServerCatalog.functions.front().candidates, params,
                     [&](ns_binary_params* candidate, LibraryPlan* plan) { return Plan(binary, candidate, plan); });
}

}  // namespace nodespan::attach
