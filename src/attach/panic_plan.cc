// SPDX-License-Identifier: Apache-2.0
#include "attach/panic_plan.h"

#include <utility>

#include "attach/plan_steps.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

// Source: runtime/panic.go. Every panic comes through gopanic, which calls fatalpanic when nobody has recovered.
constexpr std::string_view kGoPanic[] = {"runtime.gopanic"};
constexpr std::string_view kFatalPanic = "runtime.fatalpanic";
constexpr FunctionSpec kFunctions[] = {{Program::kGoPanicBegin, kGoPanic}};

absl::Status Plan(const goinspect::GoBinary& binary, LibraryPlan* plan) {
  NODESPAN_RETURN_IF_ERROR(CheckRegisterArguments(binary));
  NODESPAN_ASSIGN_OR_RETURN(plan->probes, PlanProbes(binary, kFunctions));
  absl::StatusOr<PlannedProbe> fatal =
      PlanCall(binary, Program::kGoPanicFatal, kFatalPanic, kGoPanic, "nobody has recovered, emulated");
  if (fatal.ok()) {
    plan->probes.push_back(*std::move(fatal));
  } else {
    plan->problems.push_back(
        fmt::format("without the operation that ends its process: {}", base::Message(fatal.status())));
  }
  return absl::OkStatus();
}

}  // namespace

LibraryPlan PlanPanics(const goinspect::GoBinary& binary, ns_binary_params* params) {
  return PlanLibrary(binary, "Go panics", LibraryKind::kDetail, kGoPanic, params,
                     [&](ns_binary_params* /*candidate*/, LibraryPlan* plan) { return Plan(binary, plan); });
}

}  // namespace nodespan::attach
