// SPDX-License-Identifier: Apache-2.0
#include "attach/fasthttp_plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "attach/fasthttp_catalog.h"
#include "attach/peer_plan.h"
#include "attach/plan_steps.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using goinspect::Field;
using goinspect::GoBinary;

// Notes what it uses.
absl::StatusOr<uint64_t> FindStep(const GoBinary& binary, const FasthttpStep& step, LibraryPlan* plan) {
  absl::StatusOr<Field> field = FindCheckedField(binary, step.struct_name, step.field_name, {&step.type_name, 1});
  if (field.ok()) {
    const uint64_t offset = field->offset;
    const bool is_noted = std::any_of(plan->fields.begin(), plan->fields.end(), [&step](const FieldUse& use) {
      return use.struct_name == step.struct_name && use.field.name == step.field_name;
    });
    if (!is_noted) {
      plan->fields.push_back({std::string(step.struct_name), *std::move(field)});
    }
    return offset;
  }
  if (step.embedded_struct.empty() || !absl::IsNotFound(field.status())) {
    return field.status();
  }
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType outer, binary.FindStruct(step.struct_name));
  for (const Field& embedded : outer.fields) {
    if (embedded.qualified_type_name == step.embedded_struct) {
      FasthttpStep inner = step;
      inner.struct_name = step.embedded_struct;
      inner.embedded_struct = {};
      NODESPAN_ASSIGN_OR_RETURN(const uint64_t offset, FindStep(binary, inner, plan));
      return embedded.offset + offset;
    }
  }
  return field.status();
}

absl::StatusOr<uint16_t> FindOffset(const GoBinary& binary, std::span<const FasthttpStep> steps, LibraryPlan* plan) {
  uint64_t sum = 0;
  for (const FasthttpStep& step : steps) {
    NODESPAN_ASSIGN_OR_RETURN(const uint64_t offset, FindStep(binary, step, plan));
    sum += offset;
  }
  if (sum > UINT16_MAX) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{}.{} lies at {}", steps.back().struct_name,
                            steps.back().field_name, sum);
  }
  return static_cast<uint16_t>(sum);
}

template <typename Params>
absl::Status PlanFields(const GoBinary& binary, std::span<const FasthttpField<Params>> fields, Params* params,
                        LibraryPlan* plan) {
  uint32_t missing = 0;
  for (const FasthttpField<Params>& field : fields) {
    const absl::StatusOr<uint16_t> offset = FindOffset(binary, field.steps, plan);
    if (offset.ok()) {
      params->*field.offset = *offset;
      params->present |= field.present_bit;
    } else if (field.present_bit == 0) {
      return offset.status();
    } else {
      missing |= field.present_bit;
      plan->problems.push_back(fmt::format("without {}: {}", field.lost_without, base::Message(offset.status())));
    }
  }
  params->present &= ~missing;
  return absl::OkStatus();
}

// The peer is left out when anything about it is not as expected.
void PlanPeerOf(const GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  const absl::Status peer = PlanConnectionPeer(binary, &params->peer, plan);
  if (!peer.ok()) {
    plan->problems.push_back(fmt::format("without network.peer.address: {}", base::Message(peer)));
  }
}

absl::Status PlanSizes(const GoBinary& binary, ns_fasthttp_params* params) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType header,
                            binary.FindStruct(kFasthttpServerCatalog.header_struct));
  if (header.size_bytes > NS_WINDOW_BYTES) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} is {} bytes long", header.qualified_name,
                            header.size_bytes);
  }
  params->header_bytes = static_cast<uint16_t>(header.size_bytes);
  if ((params->present & NS_FASTHTTP_PARAM_HEADERS) != 0) {
    NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType argument,
                              binary.FindStruct(kFasthttpServerCatalog.argument_struct));
    params->arg_bytes = static_cast<uint16_t>(argument.size_bytes);
  }
  return absl::OkStatus();
}

// Where every request comes by before its handler.
absl::StatusOr<PlannedProbe> PlanBegin(const GoBinary& binary, LibraryPlan* plan) {
  absl::Status first;
  for (const FasthttpStart& start : kFasthttpServerCatalog.starts) {
    absl::StatusOr<PlannedProbe> probe = PlanCall(binary, Program::kFasthttpServerStart, start.callee,
                                                  kFasthttpServerCatalog.serve, "every request that was read comes by");
    if (!probe.ok()) {
      first.Update(probe.status());
      continue;
    }
    NODESPAN_ASSIGN_OR_RETURN(const uint16_t offset, FindOffset(binary, start.part, plan));
    probe->site.results[NS_FASTHTTP_SITE_PART_OFF] = Constant(offset);
    return probe;
  }
  return first;
}

absl::Status PlanServer(const GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  ns_fasthttp_params* fasthttp = &params->fasthttp;
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, {&kFasthttpServerCatalog.end, 1}));
  NODESPAN_ASSIGN_OR_RETURN(PlannedProbe begin, PlanBegin(binary, plan));
  probes.push_back(std::move(begin));
  NODESPAN_RETURN_IF_ERROR(PlanFields(binary, kFasthttpServerCatalog.fields, fasthttp, plan));
  NODESPAN_RETURN_IF_ERROR(PlanSizes(binary, fasthttp));
  absl::StatusOr<PlannedProbe> hijacked =
      PlanCall(binary, Program::kFasthttpServerHijacked, kFasthttpServerCatalog.hijack_call,
               kFasthttpServerCatalog.serve, "the connection is taken over");
  if (hijacked.ok()) {
    probes.push_back(*std::move(hijacked));
  } else {
    plan->problems.push_back(
        fmt::format("without connections that are taken over in silence: {}", base::Message(hijacked.status())));
  }
  if ((fasthttp->present & NS_FASTHTTP_PARAM_CONN) != 0) {
    PlanPeerOf(binary, params, plan);
  }
  plan->probes = std::move(probes);
  return absl::OkStatus();
}

absl::Status PlanClient(const GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> probes, PlanProbes(binary, {&kFasthttpClientCatalog.start, 1}));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<PlannedProbe> ends, PlanEnds(binary, kFasthttpClientCatalog.end));
  NODESPAN_RETURN_IF_ERROR(PlanFields(binary, kFasthttpClientCatalog.fields, &params->fasthttp_client, plan));
  if ((params->fasthttp_client.present & NS_FASTHTTP_CLIENT_PARAM_PEER) != 0) {
    PlanPeerOf(binary, params, plan);
  }
  std::move(ends.begin(), ends.end(), std::back_inserter(probes));
  plan->probes = std::move(probes);
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanFasthttpServer(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(
      binary, kFasthttpServerCatalog.library, LibraryKind::kServer, kFasthttpServerCatalog.used_when, params,
      [&](ns_binary_params* candidate, LibraryPlan* plan) { return PlanServer(binary, candidate, plan); });
}

LibraryPlan PlanFasthttpClient(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(
      binary, kFasthttpClientCatalog.library, LibraryKind::kClient, kFasthttpClientCatalog.start.candidates, params,
      [&](ns_binary_params* candidate, LibraryPlan* plan) { return PlanClient(binary, candidate, plan); });
}

}  // namespace nodespan::attach
