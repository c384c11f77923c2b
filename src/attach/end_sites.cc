// SPDX-License-Identifier: Apache-2.0
#include "attach/end_sites.h"

#include <capstone/capstone.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "attach/disassembler.h"
#include "attach/failure_paths.h"
#include "attach/value_flow.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using absl::StatusCode;
using base::MakeStatus;
using goinspect::Arch;
using Effect = Instruction::Effect;
using Flow = Instruction::Flow;

constexpr size_t kMaxReturns = 1024;
constexpr size_t kMaxDeferredCallInstructions = 6;
constexpr int kMaxWanted = 9;  // registers that hold results on amd64

absl::Status CheckWanted(std::span<const int> wanted) {
  const bool valid = !wanted.empty() &&
                     std::all_of(wanted.begin(), wanted.end(), [](int word) { return word >= 0 && word < kMaxWanted; });
  return valid ? absl::OkStatus()
               : MakeStatus(StatusCode::kInvalidArgument, "result words are 0 to {}, at least one", kMaxWanted - 1);
}

absl::Status NotOpenCoded(const Instruction& deferreturn) {
  return MakeStatus(StatusCode::kUnimplemented,
                    "its deferred calls are not open-coded: runtime.deferreturn at +{} is on the normal path",
                    deferreturn.off);
}

std::vector<Location> ResultRegisters(std::span<const int> wanted) {
  std::vector<Location> locations;
  locations.reserve(wanted.size());
  for (const int word : wanted) {
    locations.push_back(Location::Register(kResultRegisters[static_cast<size_t>(word)]));
  }
  return locations;
}

// `location` as the program in the kernel sees it when the probe on instruction `index` is hit.
ValueLocation AtHit(const DecodedFunction& function, size_t index, const Location& location) {
  ValueLocation value;
  switch (location.kind) {
    case Location::Kind::kRegister: {
      const auto* it = std::find(kResultRegisters.begin(), kResultRegisters.end(), static_cast<Reg>(location.value));
      value.kind = ValueLocation::Kind::kRegister;
      value.reg = static_cast<int>(it - kResultRegisters.begin());
      break;
    }
    case Location::Kind::kSlot:
      value.kind = ValueLocation::Kind::kStack;
      value.sp_off = static_cast<int32_t>(location.value) + function.DepthAt(index);
      break;
    case Location::Kind::kConstant:
      value.kind = ValueLocation::Kind::kConstant;
      value.constant = static_cast<int32_t>(location.value);
      break;
    case Location::Kind::kAddress:
      value.kind = ValueLocation::Kind::kAddress;
      value.vaddr = static_cast<uint64_t>(location.value);
      break;
    case Location::Kind::kMemory:
      value.kind = ValueLocation::Kind::kMemory;
      value.vaddr = static_cast<uint64_t>(location.value);
      break;
  }
  return value;
}

// What the code behind the only call of runtime.deferreturn does: the runtime jumps there after a recovered panic, so
// it loads every result from where it is while deferred functions run.
struct RecoveredResults {
  size_t deferreturn_index = 0;
  std::vector<Location> locations;  // a slot per wanted word
};

absl::StatusOr<RecoveredResults> FindRecoveredResults(const DecodedFunction& function, std::span<const int> wanted) {
  const std::span<const Instruction> instructions = function.instructions();
  const auto is_deferreturn = [](const Instruction& instruction) {
    return instruction.callee == CalleeKind::kDeferReturn;
  };
  const auto call = std::find_if(instructions.begin(), instructions.end(), is_deferreturn);
  if (const auto count = std::count_if(instructions.begin(), instructions.end(), is_deferreturn); count != 1) {
    return MakeStatus(StatusCode::kUnimplemented, "{} calls of runtime.deferreturn instead of one", count);
  }
  RecoveredResults results;
  results.deferreturn_index = static_cast<size_t>(call - instructions.begin());
  if (function.IsReached(results.deferreturn_index)) {
    return NotOpenCoded(*call);
  }
  const auto end = std::find_if(call + 1, instructions.end(),
                                [](const Instruction& instruction) { return instruction.flow != Flow::kNext; });
  if (end == instructions.end() || end->flow != Flow::kReturn) {
    return MakeStatus(StatusCode::kUnimplemented, "no plain return behind runtime.deferreturn at +{}", call->off);
  }
  const FrameSlots slots(function, std::nullopt);
  results.locations = ResultRegisters(wanted);
  for (size_t word = 0; word < wanted.size(); ++word) {
    Location& location = results.locations[word];
    for (size_t i = static_cast<size_t>(end - instructions.begin()); i > results.deferreturn_index + 1; --i) {
      if (!FollowBack(function, slots, i - 1, location)) {
        return MakeStatus(StatusCode::kUnimplemented, "result word {} is computed behind runtime.deferreturn, at +{}",
                          wanted[word], instructions[i - 1].off);
      }
    }
    if (location.kind != Location::Kind::kSlot) {
      return MakeStatus(StatusCode::kUnimplemented, "result word {} is not loaded from a stack slot behind +{}",
                        wanted[word], call->off);
    }
  }
  return results;
}

// The call of a deferred closure before a return: `movb $bits, deferBits(sp); mov closure(sp), dx; mov (dx), r; call
// r`.
bool CallsDeferredClosure(const DecodedFunction& function, size_t index) {
  if (function.instructions()[index].flow != Flow::kIndirectCall) {
    return false;
  }
  for (size_t i = index; i > 0 && index - i < kMaxDeferredCallInstructions && function.EdgesInto(i).empty(); --i) {
    const Instruction& instruction = function.instructions()[i - 1];
    if (instruction.flow != Flow::kNext) {
      return false;
    }
    if (instruction.store == Instruction::Store::kFrame && instruction.store_bytes == 1) {
      return true;
    }
  }
  return false;
}

bool IsExpressible(const Location& location) {
  return location.kind != Location::Kind::kRegister ||
         std::find(kResultRegisters.begin(), kResultRegisters.end(), static_cast<Reg>(location.value)) !=
             kResultRegisters.end();
}

std::optional<EndSite::Kind> EmulatedKind(const Instruction& instruction) {
  switch (instruction.flow) {
    case Flow::kCall: return EndSite::Kind::kCall;
    case Flow::kJump: return EndSite::Kind::kJump;
    case Flow::kBranch: return EndSite::Kind::kConditionalJump;
    case Flow::kNext:
      if (instruction.effect == Effect::kNop) {
        return EndSite::Kind::kNop;
      }
      // With REX (R8 to R15) the kernel emulates a push as well; the Go compiler pushes BP only.
      if (instruction.effect == Effect::kPush && instruction.size == 1) {
        return EndSite::Kind::kPush;
      }
      return std::nullopt;
    case Flow::kIndirectCall:
    case Flow::kIndirectJump:
    case Flow::kReturn:
    case Flow::kStop: return std::nullopt;
  }
  return std::nullopt;
}

struct Candidate {
  size_t index = 0;  // of the instruction
  EndSite::Kind kind = EndSite::Kind::kJump;
  std::optional<BranchEdge> edge;
  std::vector<Location> locations;
};

// What walking back from one return has found.
struct Trace {
  std::vector<Candidate> candidates;
  std::string obstacle;  // empty: the candidates are hit exactly once whenever the return is reached
  bool error_from_stack = false;
};

class EndSiteFinder {
 public:
  EndSiteFinder(const DecodedFunction& function, const EndSiteOptions& options)
      : function_(function), options_(options), slots_(function, options.stack_objects), failures_(function, slots_) {}

  absl::StatusOr<std::vector<EndSite>> Find(std::span<const uint8_t> code, uint64_t vaddr);

 private:
  bool IsBehindDeferredCall(size_t return_index) const;
  Trace TraceBack(size_t return_index) const;
  void AddCandidate(Trace& trace, Candidate candidate) const;
  absl::Status AddReturn(size_t return_index, Trace trace);
  void AddSite(const Candidate& candidate, bool is_cold, std::string why);

  const DecodedFunction& function_;
  const EndSiteOptions& options_;
  FrameSlots slots_;
  std::vector<Location> deferred_results_;  // empty without options.without_deferred
  FailurePaths failures_;
  std::vector<EndSite> sites_;
};

void EndSiteFinder::AddCandidate(Trace& trace, Candidate candidate) const {
  if (!std::all_of(candidate.locations.begin(), candidate.locations.end(), IsExpressible)) {
    trace.obstacle = "a result is in the stack pointer or the goroutine register";
  }
  // Both edges of a branch may lead here with the same values: then it does not matter which is taken.
  const auto twin = std::find_if(trace.candidates.begin(), trace.candidates.end(), [&](const Candidate& other) {
    return other.index == candidate.index && other.locations == candidate.locations;
  });
  if (twin != trace.candidates.end()) {
    twin->edge.reset();
  } else {
    trace.candidates.push_back(std::move(candidate));
  }
}

// Whether the return only loads what a deferred call has left in the slots. Nops count for nothing here: up to Go 1.25
// there may be one right before a return.
bool EndSiteFinder::IsBehindDeferredCall(size_t return_index) const {
  if (deferred_results_.empty()) {
    return false;
  }
  std::vector<Location> locations = ResultRegisters(options_.wanted);
  for (size_t i = return_index; i > 0 && function_.EdgesInto(i).empty(); --i) {
    if (function_.instructions()[i - 1].flow != Flow::kNext) {
      return locations == deferred_results_ && CallsDeferredClosure(function_, i - 1);
    }
    for (Location& location : locations) {
      if (!FollowBack(function_, slots_, i - 1, location)) {
        return false;
      }
    }
  }
  return false;
}

// Goes back from a return over everything that is not emulated. Jumps and branches are, so this never leaves the
// straight run of code that ends in the return, and each path to it is cut exactly once.
Trace EndSiteFinder::TraceBack(size_t return_index) const {
  const std::span<const Instruction> instructions = function_.instructions();
  Trace trace;
  std::vector<Location> locations = ResultRegisters(options_.wanted);
  for (size_t i = return_index;; --i) {
    if (options_.error_word && locations[*options_.error_word].kind == Location::Kind::kSlot) {
      trace.error_from_stack = true;
    }
    for (const DecodedFunction::Edge& edge : function_.EdgesInto(i)) {
      const Instruction& source = instructions[edge.source];
      const bool is_branch = source.flow == Flow::kBranch;
      AddCandidate(trace, {edge.source, is_branch ? EndSite::Kind::kConditionalJump : EndSite::Kind::kJump,
                           is_branch ? std::optional(BranchEdge{source.condition, true}) : std::nullopt, locations});
    }
    if (i == 0) {
      trace.obstacle = "nothing emulated between the function's start and its return";
      return trace;
    }
    const Instruction& previous = instructions[i - 1];
    if (!previous.FallsThrough()) {
      return trace;
    }
    if (previous.flow == Flow::kBranch) {
      AddCandidate(trace, {i - 1, EndSite::Kind::kConditionalJump, BranchEdge{previous.condition, false}, locations});
      return trace;
    }
    for (size_t word = 0; word < locations.size(); ++word) {
      if (!FollowBack(function_, slots_, i - 1, locations[word])) {
        trace.obstacle = fmt::format("result word {} cannot be told before +{}", options_.wanted[word], previous.off);
        return trace;
      }
    }
    if (const std::optional<EndSite::Kind> kind = EmulatedKind(previous)) {
      AddCandidate(trace, {i - 1, *kind, std::nullopt, locations});
      return trace;
    }
  }
}

void EndSiteFinder::AddSite(const Candidate& candidate, bool is_cold, std::string why) {
  EndSite site;
  site.kind = candidate.kind;
  site.function_off = function_.instructions()[candidate.index].off;
  site.why = std::move(why);
  site.cold = is_cold;
  site.edge = candidate.edge;
  site.frame_bytes = function_.DepthAt(candidate.index);
  for (const Location& location : candidate.locations) {
    site.results.push_back(AtHit(function_, candidate.index, location));
  }
  sites_.push_back(std::move(site));
}

absl::Status EndSiteFinder::AddReturn(size_t return_index, Trace trace) {
  const uint32_t off = function_.instructions()[return_index].off;
  const std::vector<Location> registers = ResultRegisters(options_.wanted);
  bool is_cold = false;
  if (options_.error_word.has_value()) {
    const bool has_other = *options_.error_word != 0;
    is_cold = failures_.OnlyFailures(return_index, registers[*options_.error_word],
                                     has_other ? std::optional(registers.front()) : std::nullopt);
  }
  const bool complete = trace.obstacle.empty() && !trace.candidates.empty();
  const bool unconditional =
      complete && std::none_of(trace.candidates.begin(), trace.candidates.end(),
                               [](const Candidate& candidate) { return candidate.edge.has_value(); });
  if (unconditional || (complete && !is_cold)) {
    for (const Candidate& candidate : trace.candidates) {
      AddSite(candidate, is_cold,
              !candidate.edge
                  ? fmt::format("last emulated instruction before the return at +{}", off)
                  : fmt::format("leads to the return at +{} when {}taken", off, candidate.edge->taken ? "" : "not "));
    }
    return absl::OkStatus();
  }
  if (!is_cold && !options_.allow_hot_returns) {
    return MakeStatus(StatusCode::kUnimplemented, "no emulated instruction before the return at +{}: {}", off,
                      trace.obstacle.empty() ? "no path leads there" : trace.obstacle);
  }
  AddSite({return_index, EndSite::Kind::kReturn, std::nullopt, registers}, is_cold,
          is_cold ? "return of failed operations only, single-stepped"
                  : fmt::format("return, single-stepped: {}", trace.obstacle));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<EndSite>> EndSiteFinder::Find(std::span<const uint8_t> code, uint64_t vaddr) {
  const std::span<const Instruction> instructions = function_.instructions();
  if (options_.without_deferred) {
    NODESPAN_ASSIGN_OR_RETURN(RecoveredResults results, FindRecoveredResults(function_, options_.wanted));
    deferred_results_ = std::move(results.locations);
  }
  size_t returns = 0;
  for (size_t i = 0; i < instructions.size(); ++i) {
    const Instruction& instruction = instructions[i];
    if (instruction.callee == CalleeKind::kDeferReturn && function_.IsReached(i) && !options_.allow_hot_returns) {
      return NotOpenCoded(instruction);
    }
    if (instruction.flow != Flow::kReturn || !function_.IsReached(i)) {
      continue;  // an unreached return is the one behind runtime.deferreturn, after a recovered panic
    }
    if (++returns > kMaxReturns) {
      return MakeStatus(StatusCode::kResourceExhausted, "more than {} returns", kMaxReturns);
    }
    if (IsBehindDeferredCall(i)) {
      continue;
    }
    Trace trace = TraceBack(i);
    if (options_.returns == EndSiteOptions::Returns::kErrorFromStack && !trace.error_from_stack) {
      continue;
    }
    NODESPAN_RETURN_IF_ERROR(AddReturn(i, std::move(trace)));
  }
  if (sites_.empty()) {
    return MakeStatus(StatusCode::kNotFound, "none of its {} returns is wanted", returns);
  }

  std::sort(sites_.begin(), sites_.end(), [](const EndSite& a, const EndSite& b) {
    return std::pair(a.function_off, a.edge && a.edge->taken) < std::pair(b.function_off, b.edge && b.edge->taken);
  });
  NODESPAN_ASSIGN_OR_RETURN(Disassembler disassembler, Disassembler::Create(Arch::kAmd64));
  for (EndSite& site : sites_) {
    site.instruction = Disassembler::Text(*disassembler.At(code, vaddr, site.function_off));
  }
  return std::move(sites_);
}

// Every return, where the results are in registers by definition.
absl::StatusOr<std::vector<EndSite>> FindReturnsArm64(std::span<const uint8_t> code, uint64_t vaddr,
                                                      std::span<const int> wanted) {
  NODESPAN_ASSIGN_OR_RETURN(Disassembler disassembler, Disassembler::Create(Arch::kArm64));
  std::vector<EndSite> sites;
  for (uint64_t off = 0; const cs_insn* instruction = disassembler.At(code, vaddr, off); off += instruction->size) {
    if (instruction->id != ARM64_INS_RET) {
      continue;
    }
    EndSite site;
    site.function_off = off;
    site.instruction = Disassembler::Text(*instruction);
    site.why = "return, simulated";
    for (const int word : wanted) {
      site.results.push_back(ValueLocation{.kind = ValueLocation::Kind::kRegister, .reg = word});
    }
    sites.push_back(std::move(site));
  }
  if (sites.empty()) {
    return MakeStatus(StatusCode::kUnimplemented, "no return");
  }
  return sites;
}

}  // namespace

absl::StatusOr<std::vector<EndSite>> FindEndSites(std::span<const uint8_t> code, uint64_t vaddr, Arch arch,
                                                  const EndSiteOptions& options, const ClassifyCallee& callees) {
  NODESPAN_RETURN_IF_ERROR(CheckWanted(options.wanted));
  if (options.error_word && *options.error_word >= options.wanted.size()) {
    return MakeStatus(StatusCode::kInvalidArgument, "the error word is none of the wanted words");
  }
  if (arch == Arch::kArm64) {
    return FindReturnsArm64(code, vaddr, options.wanted);
  }
  NODESPAN_ASSIGN_OR_RETURN(const DecodedFunction function, DecodedFunction::Decode(code, vaddr, callees));
  return EndSiteFinder(function, options).Find(code, vaddr);
}

absl::StatusOr<std::vector<int32_t>> FindDeferredResultSlots(std::span<const uint8_t> code, uint64_t vaddr, Arch arch,
                                                             std::span<const int> wanted,
                                                             const ClassifyCallee& callees) {
  if (arch != Arch::kAmd64) {
    return MakeStatus(StatusCode::kUnimplemented, "not needed on arm64, where a return is simulated");
  }
  NODESPAN_RETURN_IF_ERROR(CheckWanted(wanted));
  NODESPAN_ASSIGN_OR_RETURN(const DecodedFunction function, DecodedFunction::Decode(code, vaddr, callees));
  NODESPAN_ASSIGN_OR_RETURN(const RecoveredResults results, FindRecoveredResults(function, wanted));
  std::vector<int32_t> offsets;
  for (const Location& location : results.locations) {
    offsets.push_back(AtHit(function, results.deferreturn_index, location).sp_off);
  }
  return offsets;
}

absl::StatusOr<std::vector<uint64_t>> FindCallSites(std::span<const uint8_t> code, uint64_t vaddr, Arch arch,
                                                    uint64_t target_vaddr) {
  NODESPAN_ASSIGN_OR_RETURN(Disassembler disassembler, Disassembler::Create(arch));
  std::vector<uint64_t> offsets;
  for (uint64_t off = 0; const cs_insn* instruction = disassembler.At(code, vaddr, off); off += instruction->size) {
    const cs_detail& detail = *instruction->detail;
    std::optional<uint64_t> target;
    if (arch == Arch::kAmd64 && instruction->bytes[0] == 0xe8) {
      target = static_cast<uint64_t>(detail.x86.operands[0].imm);
    } else if (arch == Arch::kArm64 && instruction->id == ARM64_INS_BL) {
      target = static_cast<uint64_t>(detail.arm64.operands[0].imm);
    }
    if (target == target_vaddr) {
      offsets.push_back(off);
    }
  }
  return offsets;
}

}  // namespace nodespan::attach
