// SPDX-License-Identifier: Apache-2.0
#include "attach/grpc_plan.h"

#include <iterator>
#include <utility>

#include "attach/argument_slots.h"
#include "attach/go_callees.h"
#include "attach/grpc_catalog.h"
#include "attach/plan_steps.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;

// Tries an optional part: on failure nothing of it remains but the problem.
void PlanPart(std::string_view lost_without, ns_grpc_params* grpc, LibraryPlan* plan,
              absl::FunctionRef<absl::Status(ns_grpc_params* grpc, LibraryPlan* part)> fill) {
  ns_grpc_params candidate = *grpc;
  LibraryPlan part;
  if (const absl::Status status = fill(&candidate, &part); !status.ok()) {
    plan->problems.push_back(fmt::format("without {}: {}", lost_without, base::Message(status)));
    return;
  }
  *grpc = candidate;
  std::move(part.fields.begin(), part.fields.end(), std::back_inserter(plan->fields));
  std::move(part.details.begin(), part.details.end(), std::back_inserter(plan->details));
}

absl::Status PlanTcpAddr(const GoBinary& binary, ns_grpc_params* grpc, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_grpc_params>(binary, kGrpcCatalog.tcp_addr_fields, grpc, plan));
  NODESPAN_ASSIGN_OR_RETURN(grpc->tcp_addr_itab_vaddr, binary.FindItab("net.Addr", "*net.TCPAddr"));
  return absl::OkStatus();
}

absl::Status PlanServerPeer(const GoBinary& binary, ns_grpc_params* grpc, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(PlanTcpAddr(binary, grpc, plan));
  NODESPAN_ASSIGN_OR_RETURN(const GrpcField* peer, ResolveFirst(binary, kGrpcServerCatalog.peer, grpc, plan));
  if (peer == &kGrpcServerCatalog.peer.front()) {
    const uint16_t outer = grpc->server_peer_off;
    NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_grpc_params>(binary, kGrpcServerCatalog.peer_addr, grpc, plan));
    grpc->server_peer_off = static_cast<uint16_t>(grpc->server_peer_off + outer);
  }
  grpc->present |= NS_GRPC_PARAM_SERVER_PEER;
  return absl::OkStatus();
}

absl::Status PlanMetadata(const GoBinary& binary, ns_grpc_params* grpc, LibraryPlan* plan) {
  constexpr std::string_view kMetadata = "google.golang.org/grpc/metadata.MD";
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_grpc_params>(binary, kGrpcServerCatalog.metadata_fields, grpc, plan));
  NODESPAN_ASSIGN_OR_RETURN(grpc->value_ctx_itab_vaddr, binary.FindItab("context.Context", "*context.valueCtx"));
  NODESPAN_ASSIGN_OR_RETURN(grpc->metadata_type_vaddr, binary.FindType(kMetadata));
  NODESPAN_ASSIGN_OR_RETURN(grpc->metadata_map, PlanMap(binary, kMetadata));
  grpc->present |= NS_GRPC_PARAM_METADATA;
  plan->details.push_back(fmt::format("metadata.MD is a {} map, groups of {} bytes",
                                      grpc->metadata_map.kind == NS_MAP_SWISS ? "Swiss" : "classic",
                                      grpc->metadata_map.group_bytes));
  return absl::OkStatus();
}

absl::Status PlanEndCallers(const GoBinary& binary, ns_grpc_params* grpc) {
  const auto callers = binary.FindFunctions(kGrpcServerCatalog.end_callers);
  bool any = false;
  for (size_t i = 0; i < callers.size(); ++i) {
    if (callers[i].has_value()) {
      grpc->end_callers[i] = {.vaddr = callers[i]->vaddr, .bytes = callers[i]->size_bytes};
      any |= i < NS_GRPC_CALLER_HANDLE;
    }
  }
  if (!any) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "none of the functions that finish a call is in the binary");
  }
  return absl::OkStatus();
}

// The way from the end of a call to the service that it is of.
absl::Status PlanService(const GoBinary& binary, ns_grpc_params* grpc, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(ResolveFirst(binary, kGrpcServerCatalog.service_impl, grpc, plan).status());
  const ClassifyCallee callees = GoCallees(binary);
  const auto callers = binary.FindFunctions(kGrpcServerCatalog.end_callers);
  absl::Status status = base::MakeStatus(absl::StatusCode::kNotFound, "no function has a service");
  for (size_t i = 0; i <= NS_GRPC_CALLER_RPC; ++i) {
    const auto code = callers[i].has_value() ? binary.Code(*callers[i]) : absl::NotFoundError("");
    if (!code.ok()) {
      continue;
    }
    const absl::StatusOr<uint16_t> slots =
        FindArgumentSlots(*code, callers[i]->vaddr, binary.info().arch, StackObjectsOf(binary, *callers[i]), callees);
    if (slots.ok() && (*slots & *slots >> 1) != 0) {  // the stream, and what is behind it
      grpc->argument_slots[i] = *slots;
      status = absl::OkStatus();
    } else if (!status.ok()) {
      status = slots.ok() ? base::MakeStatus(absl::StatusCode::kUnimplemented, "{} does not keep its arguments",
                                             callers[i]->name)
                          : base::Annotate(slots.status(), callers[i]->name);
    }
  }
  return status;
}

absl::Status PlanServer(const GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  ns_grpc_params* grpc = &params->grpc;
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_ASSIGN_OR_RETURN(plan->probes, PlanProbes(binary, kGrpcServerCatalog.functions));
  NODESPAN_RETURN_IF_ERROR(PlanEndCallers(binary, grpc));
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_grpc_params>(binary, kGrpcCatalog.status_fields, grpc, plan));
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_grpc_params>(binary, kGrpcServerCatalog.stream_fields, grpc, plan));
  if (binary.FindStruct(kGrpcServerCatalog.server_stream.front().struct_name).ok()) {
    NODESPAN_RETURN_IF_ERROR(ResolveFirst(binary, kGrpcServerCatalog.server_stream, grpc, plan).status());
  }
  NODESPAN_ASSIGN_OR_RETURN(grpc->http2_server_itab_vaddr,
                            binary.FindItab("google.golang.org/grpc/internal/transport.ServerTransport",
                                            "*google.golang.org/grpc/internal/transport.http2Server"));
  plan->details.push_back(
      fmt::format("itab (transport.ServerTransport, *transport.http2Server) at {:#x}", grpc->http2_server_itab_vaddr));
  PlanPart("metadata (traceparent, tracestate, server.address)", grpc, plan,
           [&](ns_grpc_params* candidate, LibraryPlan* part) { return PlanMetadata(binary, candidate, part); });
  PlanPart("network.peer.address", grpc, plan,
           [&](ns_grpc_params* candidate, LibraryPlan* part) { return PlanServerPeer(binary, candidate, part); });
  PlanPart("code.function.name", grpc, plan,
           [&](ns_grpc_params* candidate, LibraryPlan* part) { return PlanService(binary, candidate, part); });
  return absl::OkStatus();
}

// From 1.80 on: one hit more for streams, one more for calls that fail before they have one, none for other calls.
absl::StatusOr<std::vector<PlannedProbe>> PlanCheapStreams(const GoBinary& binary) {
  NODESPAN_ASSIGN_OR_RETURN(
      PlannedProbe refused,
      PlanCall(binary, Program::kGrpcClientRefused, kGrpcClientCatalog.refused_target,
               kGrpcClientCatalog.refused_callers, "made when the call fails before its stream exists, emulated"));
  // endOfClientStream(cc, err, ...)
  refused.site.results[2] = {.value = NS_REG_ARG0 + 1, .source = NS_VALUE_REGISTER, .pad = {}};
  refused.site.results[3] = {.value = NS_REG_ARG0 + 2, .source = NS_VALUE_REGISTER, .pad = {}};
  NODESPAN_ASSIGN_OR_RETURN(
      PlannedProbe watched,
      PlanCall(binary, Program::kGrpcClientWatched, kGrpcClientCatalog.watch_call, kGrpcClientCatalog.watch_callers,
               "starts what watches the context of a stream, emulated"));
  return std::vector<PlannedProbe>{std::move(watched), std::move(refused)};
}

// How streams get known, and calls that fail before they have one: without metadata that can be sent, without an
// address of the server.
absl::Status PlanStreams(const GoBinary& binary, LibraryPlan* plan) {
  const auto add = [plan](std::vector<PlannedProbe> probes) {
    std::move(probes.begin(), probes.end(), std::back_inserter(plan->probes));
  };
  if (absl::StatusOr<std::vector<PlannedProbe>> cheap = PlanCheapStreams(binary); cheap.ok()) {
    add(*std::move(cheap));
    return absl::OkStatus();
  }
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> created, PlanEnds(binary, kGrpcClientCatalog.created));
  add(std::move(created));
  absl::StatusOr<std::vector<PlannedProbe>> returns = PlanEnds(binary, kGrpcClientCatalog.refused);
  if (returns.ok() && returns->empty()) {
    returns = base::MakeStatus(absl::StatusCode::kUnimplemented, "no return of {} is that of failed calls only",
                               kGrpcClientCatalog.refused.candidates.front());
  }
  if (returns.ok()) {
    add(*std::move(returns));
  } else {
    plan->problems.push_back(
        fmt::format("without calls that fail before their stream exists: {}", base::Message(returns.status())));
  }
  return absl::OkStatus();
}

absl::Status PlanClientPeer(const GoBinary& binary, ns_grpc_params* grpc, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(PlanTcpAddr(binary, grpc, plan));
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_grpc_params>(binary, kGrpcClientCatalog.peer_fields, grpc, plan));
  NODESPAN_RETURN_IF_ERROR(ResolveFirst(binary, kGrpcClientCatalog.attempt_transport, grpc, plan).status());
  NODESPAN_ASSIGN_OR_RETURN(grpc->http2_client_itab_vaddr,
                            binary.FindItab("google.golang.org/grpc/internal/transport.ClientTransport",
                                            "*google.golang.org/grpc/internal/transport.http2Client"));
  grpc->present |= NS_GRPC_PARAM_CLIENT_PEER;
  return absl::OkStatus();
}

absl::Status PlanClient(const GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  ns_grpc_params* grpc = &params->grpc;
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_ASSIGN_OR_RETURN(plan->probes, PlanProbes(binary, kGrpcClientCatalog.functions));
  NODESPAN_RETURN_IF_ERROR(PlanStreams(binary, plan));
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_grpc_params>(binary, kGrpcCatalog.status_fields, grpc, plan));
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_grpc_params>(binary, kGrpcClientCatalog.fields, grpc, plan));
  NODESPAN_RETURN_IF_ERROR(ResolveFirst(binary, kGrpcClientCatalog.error_status, grpc, plan).status());
  NODESPAN_ASSIGN_OR_RETURN(grpc->status_error_itab_vaddr,
                            binary.FindItab("error", "*google.golang.org/grpc/internal/status.Error"));
  plan->details.push_back(fmt::format("itab (error, *status.Error) at {:#x}", grpc->status_error_itab_vaddr));
  PlanPart("network.peer.address", grpc, plan,
           [&](ns_grpc_params* candidate, LibraryPlan* part) { return PlanClientPeer(binary, candidate, part); });
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanGrpcServer(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(
      binary, kGrpcServerCatalog.library, LibraryKind::kServer, kGrpcServerCatalog.functions.front().candidates, params,
      [&](ns_binary_params* candidate, LibraryPlan* plan) { return PlanServer(binary, candidate, plan); });
}

LibraryPlan PlanGrpcClient(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(
      binary, kGrpcClientCatalog.library, LibraryKind::kClient, kGrpcClientCatalog.functions.front().candidates, params,
      [&](ns_binary_params* candidate, LibraryPlan* plan) { return PlanClient(binary, candidate, plan); });
}

}  // namespace nodespan::attach
