// SPDX-License-Identifier: Apache-2.0
#include "attach/call_results.h"

#include <capstone/capstone.h>

#include <algorithm>

#include "attach/disassembler.h"
#include "attach/value_flow.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using absl::StatusCode;
using base::MakeStatus;
using Flow = Instruction::Flow;

constexpr size_t kMaxSteps = 16;  // instructions between the call and the site, and before the call

template <typename... Args>
absl::Status Refuse(fmt::format_string<Args...> format, Args&&... args) {
  return MakeStatus(StatusCode::kUnimplemented, format, std::forward<Args>(args)...);
}

absl::StatusOr<size_t> OnlyCall(const DecodedFunction& function, uint64_t target_vaddr) {
  std::optional<size_t> found;
  for (size_t i = 0; i < function.instructions().size(); ++i) {
    const Instruction& instruction = function.instructions()[i];
    if (instruction.flow != Flow::kCall || instruction.target_vaddr != target_vaddr) {
      continue;
    }
    if (found.has_value()) {
      return MakeStatus(StatusCode::kNotFound, "{:#x} is called more than once", target_vaddr);
    }
    found = i;
  }
  if (!found.has_value()) {
    return MakeStatus(StatusCode::kNotFound, "{:#x} is not called", target_vaddr);
  }
  return *found;
}

// The first instruction behind the call that is emulated, with nothing before it that the call does not lead to.
absl::StatusOr<size_t> FindSite(const DecodedFunction& function, size_t call, std::span<const Location> registers) {
  const std::span<const Instruction> instructions = function.instructions();
  for (size_t i = call + 1; i < instructions.size() && i <= call + kMaxSteps; ++i) {
    const Instruction& instruction = instructions[i];
    if (!function.EdgesInto(i).empty()) {
      return Refuse("a jump leads behind the call, to +{}", instruction.off);
    }
    if (instruction.flow == Flow::kBranch || instruction.flow == Flow::kJump || instruction.flow == Flow::kCall) {
      return i;
    }
    if (instruction.flow != Flow::kNext) {
      break;
    }
    for (const Location& location : registers) {
      if (instruction.Writes(static_cast<Reg>(location.value))) {
        return Refuse("a result is overwritten at +{}", instruction.off);
      }
    }
  }
  return Refuse("no emulated instruction follows the call");
}

// The slot from which the argument register is loaded before the call, if it still has the value at the site.
absl::StatusOr<int64_t> FindArgumentSlot(const DecodedFunction& function, const FrameSlots& slots, size_t call,
                                         size_t site, Reg reg) {
  Location location = Location::Register(reg);
  size_t index = call;
  for (size_t step = 0; location.kind == Location::Kind::kRegister; ++step) {
    if (index == 0 || step == kMaxSteps || !function.EdgesInto(index).empty()) {
      return Refuse("the argument is not loaded from the frame right before the call");
    }
    --index;
    if (!FollowBack(function, slots, index, location)) {
      return Refuse("the argument is computed at +{}", function.instructions()[index].off);
    }
  }
  if (location.kind != Location::Kind::kSlot) {
    return Refuse("the argument is a constant");
  }
  for (size_t i = site; i > index + 1; --i) {
    Location kept = location;
    if (!FollowBack(function, slots, i - 1, kept) || kept != location) {
      return Refuse("the argument's slot may change at +{}", function.instructions()[i - 1].off);
    }
  }
  return location.value;
}

}  // namespace

absl::StatusOr<CallResults> FindCallResults(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch,
                                            uint64_t target_vaddr, const CallResultsOptions& options,
                                            const ClassifyCallee& callees) {
  if (arch != goinspect::Arch::kAmd64) {
    return Refuse("results behind a call are looked for on amd64 only");
  }
  NODESPAN_ASSIGN_OR_RETURN(const DecodedFunction function, DecodedFunction::Decode(code, vaddr, callees));
  NODESPAN_ASSIGN_OR_RETURN(const size_t call, OnlyCall(function, target_vaddr));
  std::vector<Location> registers;
  CallResults found;
  for (const int word : options.results) {
    registers.push_back(Location::Register(kResultRegisters[static_cast<size_t>(word)]));
    found.results.push_back({.kind = ValueLocation::Kind::kRegister, .reg = word});
  }
  NODESPAN_ASSIGN_OR_RETURN(const size_t site, FindSite(function, call, registers));
  if (options.argument.has_value()) {
    const FrameSlots slots(function, options.stack_objects);
    NODESPAN_ASSIGN_OR_RETURN(
        const int64_t slot,
        FindArgumentSlot(function, slots, call, site, kResultRegisters[static_cast<size_t>(*options.argument)]));
    found.argument = {.kind = ValueLocation::Kind::kStack,
                      .sp_off = static_cast<int32_t>(slot + function.DepthAt(site))};
  }
  found.function_off = function.instructions()[site].off;
  NODESPAN_ASSIGN_OR_RETURN(Disassembler disassembler, Disassembler::Create(arch));
  if (const cs_insn* text = disassembler.At(code, vaddr, found.function_off); text != nullptr) {
    found.instruction = Disassembler::Text(*text);
  }
  return found;
}

absl::StatusOr<uint16_t> FindCapturedArgument(std::span<const uint8_t> code, goinspect::Arch arch, uint64_t vaddr,
                                              uint64_t target_vaddr, int argument) {
  // Go's closures are called with their address in DX (cmd/compile/abi-internal.md).
  constexpr int kFirstCaptureOff = 8;
  constexpr int kMaxCaptureOff = 0x1000;
  constexpr x86_reg kRegisters[] = {X86_REG_RAX, X86_REG_RBX, X86_REG_RCX, X86_REG_RDI, X86_REG_RSI};
  constexpr x86_reg kLowerHalves[] = {X86_REG_EAX, X86_REG_EBX, X86_REG_ECX, X86_REG_EDI, X86_REG_ESI};
  if (arch != goinspect::Arch::kAmd64 || static_cast<size_t>(argument) >= std::size(kRegisters)) {
    return Refuse("captured variables are looked for on amd64 only");
  }
  NODESPAN_ASSIGN_OR_RETURN(Disassembler disassembler, Disassembler::Create(arch));
  std::optional<uint16_t> captured;
  bool has_closure = true;  // DX is still what it was
  uint64_t off = 0;
  while (const cs_insn* instruction = disassembler.At(code, vaddr, off)) {
    const cs_x86& x86 = instruction->detail->x86;
    if (instruction->id == X86_INS_CALL) {
      if (x86.operands[0].type == X86_OP_IMM && static_cast<uint64_t>(x86.operands[0].imm) == target_vaddr &&
          captured.has_value()) {
        return *captured;
      }
      break;
    }
    const bool writes_register = x86.op_count > 0 && x86.operands[0].type == X86_OP_REG;
    if (writes_register &&
        (x86.operands[0].reg == kRegisters[argument] || x86.operands[0].reg == kLowerHalves[argument])) {
      const cs_x86_op& source = x86.operands[1];
      const bool is_load = has_closure && instruction->id == X86_INS_MOV && source.type == X86_OP_MEM &&
                           source.mem.base == X86_REG_RDX && source.mem.index == X86_REG_INVALID &&
                           source.mem.disp >= kFirstCaptureOff && source.mem.disp < kMaxCaptureOff;
      captured = is_load ? std::optional(static_cast<uint16_t>(source.mem.disp)) : std::nullopt;
    }
    has_closure = has_closure && !(writes_register && x86.operands[0].reg == X86_REG_RDX);
    off += instruction->size;
  }
  return Refuse("the closure does not pass what it captures to {:#x} at once", target_vaddr);
}

std::vector<uint64_t> DirectTargets(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch) {
  std::vector<uint64_t> targets;
  absl::StatusOr<Disassembler> disassembler = Disassembler::Create(arch);
  if (!disassembler.ok()) {
    return targets;
  }
  const bool amd64 = arch == goinspect::Arch::kAmd64;
  uint64_t off = 0;
  while (const cs_insn* instruction = disassembler->At(code, vaddr, off)) {
    off += instruction->size;
    std::optional<uint64_t> target;
    if (amd64 && (instruction->id == X86_INS_CALL || instruction->id == X86_INS_JMP) &&
        instruction->detail->x86.operands[0].type == X86_OP_IMM) {
      target = static_cast<uint64_t>(instruction->detail->x86.operands[0].imm);
    } else if (!amd64 && (instruction->id == ARM64_INS_BL || instruction->id == ARM64_INS_B) &&
               instruction->detail->arm64.operands[0].type == ARM64_OP_IMM) {
      target = static_cast<uint64_t>(instruction->detail->arm64.operands[0].imm);
    }
    const bool is_outside = target.has_value() && *target - vaddr >= code.size();
    if (is_outside && std::find(targets.begin(), targets.end(), *target) == targets.end()) {
      targets.push_back(*target);
    }
  }
  return targets;
}

}  // namespace nodespan::attach
