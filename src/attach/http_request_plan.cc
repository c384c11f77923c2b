// SPDX-License-Identifier: Apache-2.0
#include "attach/http_request_plan.h"

#include "attach/plan_steps.h"
#include "base/status_macros.h"

namespace nodespan::attach {

absl::Status PlanHttpRequest(const goinspect::GoBinary& binary,
                             std::span<const FieldSpec<ns_http_request_params>> fields, ns_http_request_params* params,
                             LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType request, binary.FindStruct("net/http.Request"));
  if (request.size_bytes > NS_WINDOW_BYTES) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "net/http.Request is {} bytes long", request.size_bytes);
  }
  params->bytes = static_cast<uint16_t>(request.size_bytes);
  for (const auto specs : {kHttpRequestCatalog.common_fields, fields}) {
    uint32_t present = 0;
    NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_http_request_params>(binary, specs, params, &present, plan));
    params->present |= present;
  }
  return absl::OkStatus();
}

}  // namespace nodespan::attach
