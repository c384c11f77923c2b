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

// Where requests are handed to connections of one type. kNotFound: the binary does not have it.
absl::StatusOr<PlannedProbe> PlanConnection(const GoBinary& binary, const HttpConnectionCatalog& connection,
                                            LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> send, PlanProbes(binary, connection.send));
  const FieldName& conn = connection.conn;
  NODESPAN_ASSIGN_OR_RETURN(goinspect::Field field,
                            FindCheckedField(binary, conn.struct_name, conn.field_name, conn.type_names));
  send.front().site.results[NS_CLIENT_SITE_CONN_OFF] = Constant(static_cast<int32_t>(field.offset));
  plan->fields.push_back({std::string(conn.struct_name), std::move(field)});
  return std::move(send.front());
}

// The same of all types that there are, of which there must be one.
absl::StatusOr<std::vector<PlannedProbe>> PlanConnections(const GoBinary& binary, LibraryPlan* plan) {
  std::vector<PlannedProbe> probes;
  absl::Status first;
  for (const HttpConnectionCatalog& connection : kHttpClientCatalog.connections) {
    absl::StatusOr<PlannedProbe> probe = PlanConnection(binary, connection, plan);
    if (!probe.ok() && !absl::IsNotFound(probe.status())) {
      return probe.status();
    }
    first.Update(probe.status());
    if (probe.ok()) {
      probes.push_back(*std::move(probe));
    }
  }
  if (probes.empty()) {
    return first;
  }
  return probes;
}

// The peer is worth a probe of its own, and is left out when anything about it is not as expected.
void PlanPeer(const GoBinary& binary, ns_binary_params* params, std::vector<PlannedProbe>* probes, LibraryPlan* plan) {
  LibraryPlan part;
  absl::StatusOr<std::vector<PlannedProbe>> connections = PlanConnections(binary, &part);
  absl::Status status = connections.status();
  if (status.ok()) {
    status = PlanConnectionPeer(binary, &params->peer, &part);
  }
  if (!status.ok()) {
    plan->problems.push_back(fmt::format("without network.peer.address: {}", base::Message(status)));
    return;
  }
  std::move(part.fields.begin(), part.fields.end(), std::back_inserter(plan->fields));
  std::move(connections->begin(), connections->end(), std::back_inserter(*probes));
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

absl::Status PlanHttpTwo(const GoBinary& binary, const LibraryPlan& client, ns_binary_params* params,
                         LibraryPlan* plan) {
  if (!client.attach) {
    return base::MakeStatus(absl::StatusCode::kFailedPrecondition, "{} is not traced", client.library);
  }
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, kHttpTwoClientCatalog.start));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> ends, PlanEnds(binary, kHttpTwoClientCatalog.end));
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::Function caller,
                            FindFunction(binary, kHttpClientCatalog.start.front().candidates.front()));
  probes.front().site.caller_vaddr = caller.vaddr;
  probes.front().site.caller_bytes = static_cast<uint32_t>(caller.size_bytes);
  std::move(ends.begin(), ends.end(), std::back_inserter(probes));
  for (PlannedProbe& probe : probes) {
    probe.site.tag = NS_TRANSPORT_HTTP2;
  }
  plan->probes = std::move(probes);
  params->http_client.present |= NS_CLIENT_PARAM_HTTP2;
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanHttpClient(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(binary, kHttpClientCatalog.library, LibraryKind::kClient,
                     kHttpClientCatalog.start.front().candidates, params,
                     [&](ns_binary_params* candidate, LibraryPlan* plan) { return Plan(binary, candidate, plan); });
}

LibraryPlan PlanHttpTwoClient(const GoBinary& binary, const LibraryPlan& client, ns_binary_params* params) {
  return PlanLibrary(
      binary, kHttpTwoClientCatalog.library, LibraryKind::kClient, kHttpTwoClientCatalog.used_when, params,
      [&](ns_binary_params* candidate, LibraryPlan* plan) { return PlanHttpTwo(binary, client, candidate, plan); });
}

}  // namespace nodespan::attach
