// SPDX-License-Identifier: Apache-2.0
#include "attach/go_callees.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_map.h"

namespace nodespan::attach {
namespace {

// Functions of the runtime that never return, of Go 1.17 to 1.27 (runtime/panic.go, error.go, asm_amd64.s). One that is
// missing here makes a search fail or adds a site that is hit by a panicking call, never loses one.
constexpr std::array<std::string_view, 7> kNeverReturn = {
    "runtime.Goexit",
    "runtime.block",
    "runtime.fatal",
    "runtime.gopanic",
    "runtime.sigpanic",
    "runtime.throw",
    "runtime.unreachableMethod",
};
// runtime.panicdivide, panicSliceAcap, goPanicSliceB, panicdottypeE, ... . Those that do return (panicCheck1) are
// called from inside the runtime only.
constexpr std::array<std::string_view, 2> kNeverReturnPrefixes = {"runtime.panic", "runtime.goPanic"};

}  // namespace

CalleeKind CalleeKindOf(std::string_view name) {
  if (!name.starts_with("runtime.")) {
    return CalleeKind::kOther;
  }
  if (name == "runtime.deferreturn") {
    return CalleeKind::kDeferReturn;
  }
  if (name.starts_with("runtime.gcWriteBarrier")) {
    return CalleeKind::kWriteBarrier;
  }
  if (name == "runtime.duffzero" || name == "runtime.duffcopy") {
    return CalleeKind::kDuff;
  }
  if (name.starts_with("runtime.morestack")) {
    return CalleeKind::kMorestack;
  }
  const bool never_returns = std::find(kNeverReturn.begin(), kNeverReturn.end(), name) != kNeverReturn.end() ||
                             std::any_of(kNeverReturnPrefixes.begin(), kNeverReturnPrefixes.end(),
                                         [name](std::string_view prefix) { return name.starts_with(prefix); });
  return never_returns ? CalleeKind::kNeverReturns : CalleeKind::kOther;
}

ClassifyCallee GoCallees(const goinspect::GoBinary& binary) {
  auto known = std::make_shared<absl::flat_hash_map<uint64_t, CalleeKind>>();
  return [&binary, known](uint64_t vaddr) {
    const auto [it, is_new] = known->try_emplace(vaddr, CalleeKind::kOther);
    if (is_new) {
      const std::optional<goinspect::Function> function = binary.FunctionAt(vaddr);
      it->second = function.has_value() ? CalleeKindOf(function->name) : CalleeKind::kOther;
    }
    return it->second;
  };
}

}  // namespace nodespan::attach
