// SPDX-License-Identifier: Apache-2.0
#include "attach/http_client_plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "attach/http_catalog.h"
#include "attach/http_request_plan.h"
#include "attach/peer_plan.h"
#include "attach/plan_steps.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;

// Structs are read from their beginning to the last field that is used.
absl::StatusOr<uint16_t> WindowBytes(std::string_view struct_name, std::span<const FieldUse> uses) {
  uint64_t end = 0;
  for (const FieldUse& use : uses) {
    if (use.struct_name == struct_name) {
      end = std::max(end, use.field.offset + use.field.size_bytes);
    }
  }
  end = (end + 7) & ~uint64_t{7};
  if (end > NS_WINDOW_BYTES) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "the fields of {} span {} bytes", struct_name, end);
  }
  return static_cast<uint16_t>(end);
}

// The peer is worth a probe of its own, and is left out when anything about it is not as expected.
void PlanPeer(const GoBinary& binary, ns_binary_params* params, std::vector<PlannedProbe>* probes, LibraryPlan* plan) {
  LibraryPlan part;
  ns_http_client_params* http = &params->http_client;
  absl::Status status =
      ResolveFields<ns_http_client_params>(binary, kHttpClientCatalog.peer_fields, http, &http->present, &part);
  absl::StatusOr<std::vector<PlannedProbe>> connection = PlanProbes(binary, kHttpClientCatalog.connection);
  status.Update(connection.status());
  if (status.ok() && (http->present & NS_CLIENT_PARAM_PEER) == 0) {
    status = base::MakeStatus(absl::StatusCode::kUnimplemented, "{}", part.problems.front());
  }
  if (status.ok()) {
    status = PlanConnectionPeer(binary, &params->peer, &part);
  }
  if (!status.ok()) {
    plan->problems.push_back(fmt::format("without network.peer.address: {}", base::Message(status)));
    return;
  }
  std::move(part.fields.begin(), part.fields.end(), std::back_inserter(plan->fields));
  std::move(connection->begin(), connection->end(), std::back_inserter(*probes));
}

absl::Status Plan(const GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  ns_http_client_params* http = &params->http_client;
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, kHttpClientCatalog.start));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> ends, PlanEnds(binary, kHttpClientCatalog.end));
  NODESPAN_RETURN_IF_ERROR(PlanHttpRequest(binary, kHttpRequestCatalog.client_fields, &params->http_request, plan));
  NODESPAN_RETURN_IF_ERROR(
      ResolveFields<ns_http_client_params>(binary, kHttpClientCatalog.url_fields, http, &http->present, plan));
  uint32_t response_present = 0;
  NODESPAN_RETURN_IF_ERROR(
      ResolveFields<ns_http_client_params>(binary, kHttpClientCatalog.response_fields, http, &response_present, plan));
  http->present |= response_present;
  NODESPAN_ASSIGN_OR_RETURN(http->url_bytes, WindowBytes("net/url.URL", plan->fields));
  NODESPAN_ASSIGN_OR_RETURN(http->response_bytes, WindowBytes("net/http.Response", plan->fields));
  PlanPeer(binary, params, &probes, plan);
  std::move(ends.begin(), ends.end(), std::back_inserter(probes));
  plan->probes = std::move(probes);
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanHttpClient(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(binary, kHttpClientCatalog.library, LibraryKind::kClient,
                     kHttpClientCatalog.start.front().candidates, params,
                     [&](ns_binary_params* candidate, LibraryPlan* plan) { return Plan(binary, candidate, plan); });
}

}  // namespace nodespan::attach
