// SPDX-License-Identifier: Apache-2.0
#include "attach/redis_plan.h"

#include <iterator>
#include <optional>
#include <utility>

#include "attach/plan_steps.h"
#include "attach/redis_catalog.h"
#include "attach/value_paths.h"
#include "base/status_macros.h"
#include "goinspect/names.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;
using goinspect::Kind;
using goinspect::Placement;

// The library as one program has it.
struct Module {
  const RedisModuleSpec* spec;
  Placement placement;
};

absl::StatusOr<Module> FindModule(const GoBinary& binary) {
  for (const RedisModuleSpec& spec : kRedisCatalog.modules) {
    const std::vector<goinspect::FunctionMatches> matches = binary.MatchFunctions({&spec.process, 1});
    if (!matches.front().functions.empty()) {
      return Module{&spec,
                    goinspect::MatchName(spec.process, matches.front().functions.front().name).value_or(Placement{})};
    }
  }
  return base::MakeStatus(absl::StatusCode::kNotFound, "the library is not in the binary");
}

// Where commands have their arguments, which cannot be done without, and clients what they were told of their server.
absl::Status PlanFields(const GoBinary& binary, const Module& module, ns_redis_params* redis, LibraryPlan* plan) {
  const std::string command = goinspect::PlaceName(module.spec->command, module.placement);
  NODESPAN_ASSIGN_OR_RETURN(goinspect::Field arguments, FindCheckedField(binary, command, kRedisCatalog.arguments,
                                                                         {&kRedisCatalog.arguments_type, 1}));
  redis->command_args_off = static_cast<uint16_t>(arguments.offset);
  plan->fields.push_back({command, std::move(arguments)});
  NODESPAN_ASSIGN_OR_RETURN(redis->string_type_vaddr, binary.FindType("string"));
  const auto client = binary.FindStruct(goinspect::PlaceName(module.spec->client, module.placement));
  if (client.ok()) {
    redis->server = FindPath(binary, *client, kRedisCatalog.server, Kind::kString);
    redis->index = FindPath(binary, *client, kRedisCatalog.index, Kind::kInt);
  }
  if (redis->server.steps == 0 || redis->index.steps == 0) {
    plan->problems.emplace_back("without server.address or db.namespace: the structs of the client differ");
  }
  return absl::OkStatus();
}

absl::Status Plan(const GoBinary& binary, ns_binary_params* params, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_ASSIGN_OR_RETURN(const Module module, FindModule(binary));
  NODESPAN_RETURN_IF_ERROR(PlanFields(binary, module, &params->redis, plan));
  for (const DatabaseOperationSpec& spec : module.spec->operations) {
    absl::StatusOr<std::vector<PlannedProbe>> probes = PlanOperation(binary, spec);
    if (spec.is_required) {
      NODESPAN_RETURN_IF_ERROR(probes.status());  // also when it is not there: a client without commands
    }
    NODESPAN_RETURN_IF_ERROR(TakeOperation(spec, std::move(probes), plan));
  }
  AddErrors(binary, kRedisCatalog.errors, &params->database);
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanRedis(const GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(binary, kRedisCatalog.library, LibraryKind::kClient, kRedisCatalog.used_when, params,
                     [&](ns_binary_params* candidate, LibraryPlan* plan) { return Plan(binary, candidate, plan); });
}

}  // namespace nodespan::attach
