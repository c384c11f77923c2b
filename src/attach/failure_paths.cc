// SPDX-License-Identifier: Apache-2.0
#include "attach/failure_paths.h"

#include <set>
#include <vector>

namespace nodespan::attach {
namespace {

using Effect = Instruction::Effect;
using Flow = Instruction::Flow;

constexpr size_t kMaxSteps = 1 << 16;

// Opcodes' low nibbles.
constexpr uint8_t kJe = 4;
constexpr uint8_t kJne = 5;

struct Fact {
  Location location;
  bool is_zero = false;
  auto operator<=>(const Fact&) const = default;
};

// What is known just before instruction `index`, on one path back from the return.
struct State {
  size_t index = 0;
  Location error;
  std::optional<Location> first_result;
  std::optional<Fact> fact;  // the last test crossed
  auto operator<=>(const State&) const = default;
};

// What the test before branch `index` says on one of its edges.
std::optional<Fact> FactOfEdge(const DecodedFunction& function, size_t index, bool taken) {
  const Instruction& branch = function.instructions()[index];
  if (index == 0 || !function.EdgesInto(index).empty() || (branch.condition != kJe && branch.condition != kJne)) {
    return std::nullopt;
  }
  const Instruction& test = function.instructions()[index - 1];
  const bool is_zero = (branch.condition == kJe) == taken;
  if (test.effect == Effect::kTestRegister) {
    return Fact{Location::Register(test.reg), is_zero};
  }
  if (test.effect == Effect::kTestSlot) {
    return Fact{Location::Slot(test.disp - function.DepthAt(index - 1)), is_zero};
  }
  return std::nullopt;
}

enum class Verdict { kFailed, kMaySucceed, kOpen };

// What the state alone says. `is_last`: nothing more is going to be learnt of the error.
Verdict Judge(const State& state, bool is_last) {
  if (state.fact.has_value() && state.fact->location == state.error) {
    return state.fact->is_zero ? Verdict::kMaySucceed : Verdict::kFailed;
  }
  switch (state.error.kind) {
    case Location::Kind::kConstant: return state.error.value == 0 ? Verdict::kMaySucceed : Verdict::kFailed;
    case Location::Kind::kAddress:
    case Location::Kind::kMemory: return Verdict::kFailed;
    case Location::Kind::kRegister:
    case Location::Kind::kSlot: break;
  }
  if (!is_last) {
    return Verdict::kOpen;
  }
  return state.first_result.has_value() && state.first_result->is_constant(0) ? Verdict::kFailed : Verdict::kMaySucceed;
}

}  // namespace

bool FailurePaths::OnlyFailures(size_t index, const Location& error, const std::optional<Location>& first_result) {
  std::set<State> seen;
  std::vector<State> pending = {State{index, error, first_result, std::nullopt}};
  const auto push = [&](State state) {
    if (seen.insert(state).second) {
      pending.push_back(state);
    }
  };
  while (!pending.empty()) {
    State state = pending.back();
    pending.pop_back();
    if (++steps_ > kMaxSteps) {
      return false;
    }
    const Verdict verdict = Judge(state, /*is_last=*/state.index == 0);
    if (verdict == Verdict::kMaySucceed) {
      return false;
    }
    if (verdict == Verdict::kFailed) {
      continue;
    }
    for (const DecodedFunction::Edge& edge : function_.EdgesInto(state.index)) {
      State before = state;
      before.index = edge.source;
      if (function_.instructions()[edge.source].flow == Flow::kBranch) {
        if (const std::optional<Fact> fact = FactOfEdge(function_, edge.source, /*taken=*/true)) {
          before.fact = fact;
        }
      }
      push(before);
    }
    const size_t previous = state.index - 1;
    const Instruction& instruction = function_.instructions()[previous];
    if (!instruction.FallsThrough()) {
      continue;
    }
    if (instruction.flow == Flow::kBranch) {
      if (const std::optional<Fact> fact = FactOfEdge(function_, previous, /*taken=*/false)) {
        state.fact = fact;
      }
    }
    if (state.first_result && !FollowBack(function_, slots_, previous, *state.first_result)) {
      state.first_result.reset();
    }
    if (state.fact && !FollowBack(function_, slots_, previous, state.fact->location)) {
      state.fact.reset();
    }
    if (!FollowBack(function_, slots_, previous, state.error)) {
      if (Judge(state, /*is_last=*/true) != Verdict::kFailed) {
        return false;
      }
      continue;
    }
    state.index = previous;
    push(state);
  }
  return true;
}

}  // namespace nodespan::attach
