// SPDX-License-Identifier: Apache-2.0
#include "attach/propagation_plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "attach/argument_slots.h"
#include "attach/call_results.h"
#include "attach/go_callees.h"
#include "attach/grpc_catalog.h"
#include "attach/http_catalog.h"
#include "attach/plan_steps.h"
#include "attach/propagation_catalog.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;

constexpr int32_t kWordBytes = 8;

absl::StatusOr<int32_t> OffsetOf(const GoBinary& binary, const FieldName& spec, LibraryPlan* plan) {
  NODESPAN_ASSIGN_OR_RETURN(goinspect::Field field,
                            FindCheckedField(binary, spec.struct_name, spec.field_name, spec.type_names));
  const auto offset = static_cast<int32_t>(field.offset);
  plan->fields.push_back({std::string(spec.struct_name), std::move(field)});
  return offset;
}

// Where the stack has a word of the arguments of the probed function: `slot_off` above its return address, if the
// function certainly keeps it there.
absl::StatusOr<ns_value_location> LocateArgument(const GoBinary& binary, const PlannedProbe& probe, int word,
                                                 int32_t slot_off) {
  NODESPAN_ASSIGN_OR_RETURN(const std::span<const uint8_t> code, binary.Code(probe.function));
  NODESPAN_ASSIGN_OR_RETURN(const bool is_kept,
                            IsArgumentKept(code, probe.function.vaddr, binary.info().arch,
                                           StackObjectsOf(binary, probe.function), GoCallees(binary), word, slot_off));
  if (!is_kept) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} does not keep its argument {}", probe.function.name,
                            word);
  }
  NODESPAN_ASSIGN_OR_RETURN(const int32_t depth, StackDepthAt(binary, probe));
  return OnStack(depth + slot_off);
}

absl::Status PlanHeaderMap(const GoBinary& binary, ns_binary_params* params) {
  if (params->http_header_map.kind == NS_MAP_NONE) {
    NODESPAN_ASSIGN_OR_RETURN(params->http_header_map, PlanMap(binary, "net/http.Header"));
  }
  return absl::OkStatus();
}

absl::Status PlanWriter(const GoBinary& binary, ns_propagation_params* propagation, LibraryPlan* plan) {
  uint32_t present = 0;
  return ResolveFields<ns_propagation_params>(binary, kHttpPropagationCatalog.writer_fields, propagation, &present,
                                              plan);
}

absl::Status PlanHttp(const GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  const HttpPropagationCatalog& catalog = kHttpPropagationCatalog;
  ns_propagation_params* propagation = &params->propagation;
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_RETURN_IF_ERROR(PlanHeaderMap(binary, params));
  NODESPAN_RETURN_IF_ERROR(PlanWriter(binary, propagation, plan));
  NODESPAN_ASSIGN_OR_RETURN(propagation->buffered_writer_itab_vaddr, binary.FindItab("io.Writer", "*bufio.Writer"));
  NODESPAN_ASSIGN_OR_RETURN(const int32_t pointer_off, OffsetOf(binary, catalog.pointer, plan));
  NODESPAN_ASSIGN_OR_RETURN(const int32_t header_off, OffsetOf(binary, catalog.headers, plan));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> request, PlanProbes(binary, catalog.request));
  request.front().site.results[NS_PROPAGATE_POINTER_OFF] = Constant(pointer_off);
  request.front().site.results[NS_PROPAGATE_HEADER_OFF] = Constant(header_off);
  // Headers that the transport adds are written by a further call.
  NODESPAN_ASSIGN_OR_RETURN(PlannedProbe write,
                            PlanCall(binary, catalog.write.program, catalog.write.target, catalog.write.callers,
                                     "in front of the program's own headers, emulated", WhichCall::kFirst));
  NODESPAN_ASSIGN_OR_RETURN(write.site.results[NS_PROPAGATE_REQUEST], LocateArgument(binary, write, 0, kWordBytes));
  write.site.results[NS_PROPAGATE_HEADER_OFF] = Constant(header_off);
  plan->probes.push_back(std::move(request.front()));
  plan->probes.push_back(std::move(write));
  return absl::OkStatus();
}

absl::Status PlanStream(const GoBinary& binary, const StreamPropagationCatalog& catalog, ns_binary_params* params,
                        LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_RETURN_IF_ERROR(PlanHeaderMap(binary, params));
  NODESPAN_RETURN_IF_ERROR(PlanWriter(binary, &params->propagation, plan));
  NODESPAN_ASSIGN_OR_RETURN(const int32_t header_off, OffsetOf(binary, catalog.headers, plan));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> request, PlanProbes(binary, catalog.request));
  constexpr int32_t kIsRequest = -1;
  request.front().site.results[NS_PROPAGATE_POINTER_OFF] = Constant(kIsRequest);
  request.front().site.results[NS_PROPAGATE_HEADER_OFF] = Constant(header_off);
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> stream, PlanProbes(binary, catalog.stream));
  NODESPAN_ASSIGN_OR_RETURN(PlannedProbe write,
                            PlanCall(binary, catalog.write.program, catalog.write.target, catalog.write.callers,
                                     "behind the program's own headers, emulated"));
  plan->probes.push_back(std::move(request.front()));
  plan->probes.push_back(std::move(stream.front()));
  plan->probes.push_back(std::move(write));
  return absl::OkStatus();
}

// Behind the call that writes the block of fields, with what it has returned.
absl::StatusOr<PlannedProbe> PlanBlock(const GoBinary& binary, const WriteSpec& spec) {
  NODESPAN_ASSIGN_OR_RETURN(const PlannedProbe call, PlanCall(binary, spec.program, spec.target, spec.callers, ""));
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::Function callee, FindFunction(binary, spec.target));
  NODESPAN_ASSIGN_OR_RETURN(const std::span<const uint8_t> code, binary.Code(call.function));
  CallResultsOptions options;
  options.results = {0};
  options.stack_objects = StackObjectsOf(binary, call.function);
  const absl::StatusOr<CallResults> found =
      FindCallResults(code, call.function.vaddr, binary.info().arch, callee.vaddr, options, GoCallees(binary));
  if (!found.ok()) {
    return base::Annotate(found.status(), call.function.name);
  }
  PlannedProbe probe = MakeProbe(spec.program, call.function, found->function_off, found->instruction,
                                 fmt::format("behind the call of {}, emulated", callee.name));
  NODESPAN_ASSIGN_OR_RETURN(probe.site.results[NS_PROPAGATE_ERROR], ToAbi(found->results.front()));
  // writeHeader(l, streamID uint32, endStream bool, hf []hpack.HeaderField, ...): two words share their place.
  constexpr int kFieldsWord = 3;
  constexpr int32_t kFieldsSlot = 3 * kWordBytes;
  NODESPAN_ASSIGN_OR_RETURN(probe.site.results[NS_PROPAGATE_WRITER], LocateArgument(binary, probe, 0, kWordBytes));
  NODESPAN_ASSIGN_OR_RETURN(probe.site.results[NS_PROPAGATE_FIELDS],
                            LocateArgument(binary, probe, kFieldsWord, kFieldsSlot));
  return probe;
}

absl::Status PlanGrpc(const GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  const GrpcPropagationCatalog& catalog = kGrpcPropagationCatalog;
  ns_propagation_params* propagation = &params->propagation;
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  uint32_t present = 0;
  NODESPAN_RETURN_IF_ERROR(ResolveFirst(binary, catalog.frame_fields, propagation, &present, plan).status());
  NODESPAN_ASSIGN_OR_RETURN(const auto* batch, ResolveFirst(binary, catalog.batch_fields, propagation, &present, plan));
  propagation->batch_buf_is_pointer = batch == &catalog.batch_fields.front() ? 0 : 1;
  NODESPAN_RETURN_IF_ERROR(ResolveFields<ns_propagation_params>(binary, catalog.fields, propagation, &present, plan));
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType field, binary.FindStruct(catalog.header_field));
  propagation->field_bytes = static_cast<uint16_t>(field.size_bytes);
  NODESPAN_ASSIGN_OR_RETURN(PlannedProbe fields,
                            PlanCall(binary, catalog.put.program, catalog.put.target, catalog.put.callers,
                                     "once for each stream that has room on its connection, emulated"));
  NODESPAN_ASSIGN_OR_RETURN(PlannedProbe block, PlanBlock(binary, catalog.write));
  plan->probes.push_back(std::move(fields));
  plan->probes.push_back(std::move(block));
  return absl::OkStatus();
}

bool IsTraced(const std::vector<LibraryPlan>& clients, std::string_view library) {
  return std::any_of(clients.begin(), clients.end(),
                     [&](const LibraryPlan& client) { return client.library == library && client.attach; });
}

}  // namespace

std::vector<LibraryPlan> PlanPropagation(const GoBinary& binary, const std::vector<LibraryPlan>& clients,
                                         ns_binary_params* params) {
  std::vector<LibraryPlan> plans;
  if (IsTraced(clients, kHttpClientCatalog.library)) {
    plans.push_back(
        PlanLibrary(binary, kHttpPropagationCatalog.library, LibraryKind::kPropagation,
                    kHttpPropagationCatalog.request.front().candidates, params,
                    [&](ns_binary_params* candidate, LibraryPlan* plan) { return PlanHttp(binary, candidate, plan); }));
    for (const StreamPropagationCatalog& catalog : kStreamPropagationCatalogs) {
      plans.push_back(PlanLibrary(binary, catalog.library, LibraryKind::kPropagation,
                                  catalog.request.front().candidates, params,
                                  [&](ns_binary_params* candidate, LibraryPlan* plan) {
                                    return PlanStream(binary, catalog, candidate, plan);
                                  }));
    }
  }
  if (IsTraced(clients, kGrpcClientCatalog.library)) {
    plans.push_back(PlanLibrary(
        binary, kGrpcPropagationCatalog.library, LibraryKind::kPropagation, kGrpcPropagationCatalog.put.callers, params,
        [&](ns_binary_params* candidate, LibraryPlan* plan) { return PlanGrpc(binary, candidate, plan); }));
  }
  return plans;
}

}  // namespace nodespan::attach
