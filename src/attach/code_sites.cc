// SPDX-License-Identifier: Apache-2.0
#include "attach/code_sites.h"

#include <capstone/capstone.h>

#include <optional>

#include "attach/disassembler.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

// The prologue is a handful of instructions, and so is the block that spills arguments and calls morestack.
constexpr int kMaxPrologueInstructions = 8;
constexpr int kMaxMorestackBlockInstructions = 40;

absl::Status Unexpected(std::string_view what) {
  return base::MakeStatus(absl::StatusCode::kUnimplemented, "no emulated instruction at its start: {}", what);
}

// What the first pass over a prologue found.
struct StackCheck {
  uint64_t branch_off = 0;
  uint64_t next_off = 0;    // the instruction behind the branch
  uint64_t target_off = 0;  // where the branch goes
  std::string branch_text;
};

// The architecture's part: which instruction compares the stack pointer with g.stackguard0, which branch follows.
struct ArchRules {
  bool (*loads_stack_guard)(const cs_insn&);
  // Target of the stack check's branch, if the instruction is one.
  std::optional<uint64_t> (*branch_target)(const cs_insn&);
  std::optional<uint64_t> (*call_target)(const cs_insn&);
};

// g is in R14 and stackguard0 is its word at 16 (runtime/runtime2.go: stack.lo, stack.hi, stackguard0).
bool LoadsStackGuardAmd64(const cs_insn& instruction) {
  if (instruction.id != X86_INS_CMP) {
    return false;
  }
  const cs_x86& x86 = instruction.detail->x86;
  for (int i = 0; i < x86.op_count; ++i) {
    const cs_x86_op& operand = x86.operands[i];
    if (operand.type == X86_OP_MEM && operand.mem.base == X86_REG_R14 && operand.mem.disp == 0x10) {
      return true;
    }
  }
  return false;
}

std::optional<uint64_t> ImmediateAmd64(const cs_insn& instruction) {
  const cs_x86& x86 = instruction.detail->x86;
  if (x86.op_count == 1 && x86.operands[0].type == X86_OP_IMM) {
    return static_cast<uint64_t>(x86.operands[0].imm);
  }
  return std::nullopt;
}

std::optional<uint64_t> BranchTargetAmd64(const cs_insn& instruction) {
  return instruction.id == X86_INS_JBE ? ImmediateAmd64(instruction) : std::nullopt;
}

std::optional<uint64_t> CallTargetAmd64(const cs_insn& instruction) {
  return instruction.id == X86_INS_CALL ? ImmediateAmd64(instruction) : std::nullopt;
}

// g is in X28: ldr x16, [x28, #16].
bool LoadsStackGuardArm64(const cs_insn& instruction) {
  if (instruction.id != ARM64_INS_LDR) {
    return false;
  }
  const cs_arm64& arm64 = instruction.detail->arm64;
  return arm64.op_count == 2 && arm64.operands[1].type == ARM64_OP_MEM && arm64.operands[1].mem.base == ARM64_REG_X28 &&
         arm64.operands[1].mem.disp == 0x10;
}

std::optional<uint64_t> ImmediateArm64(const cs_insn& instruction) {
  const cs_arm64& arm64 = instruction.detail->arm64;
  if (arm64.op_count == 1 && arm64.operands[0].type == ARM64_OP_IMM) {
    return static_cast<uint64_t>(arm64.operands[0].imm);
  }
  return std::nullopt;
}

std::optional<uint64_t> BranchTargetArm64(const cs_insn& instruction) {
  return instruction.id == ARM64_INS_B && instruction.detail->arm64.cc == ARM64_CC_LS ? ImmediateArm64(instruction)
                                                                                      : std::nullopt;
}

std::optional<uint64_t> CallTargetArm64(const cs_insn& instruction) {
  return instruction.id == ARM64_INS_BL ? ImmediateArm64(instruction) : std::nullopt;
}

constexpr ArchRules kAmd64Rules = {LoadsStackGuardAmd64, BranchTargetAmd64, CallTargetAmd64};
constexpr ArchRules kArm64Rules = {LoadsStackGuardArm64, BranchTargetArm64, CallTargetArm64};

// Finds `compare with g.stackguard0; branch if lower or same` among the first instructions.
absl::StatusOr<StackCheck> FindStackCheck(Disassembler& disassembler, const ArchRules& rules,
                                          std::span<const uint8_t> code, uint64_t vaddr) {
  bool guard_loaded = false;
  uint64_t off = 0;
  for (int i = 0; i < kMaxPrologueInstructions; ++i) {
    const cs_insn* instruction = disassembler.At(code, vaddr, off);
    if (instruction == nullptr) {
      return Unexpected(fmt::format("undecodable bytes at +{}", off));
    }
    if (rules.loads_stack_guard(*instruction)) {
      guard_loaded = true;
    } else if (const std::optional<uint64_t> target = rules.branch_target(*instruction); target && guard_loaded) {
      if (*target < vaddr || *target - vaddr >= code.size()) {
        return Unexpected("the stack check branches out of the function");
      }
      return StackCheck{off, off + instruction->size, *target - vaddr, Disassembler::Text(*instruction)};
    }
    off += instruction->size;
  }
  return Unexpected("no stack check");
}

// The branch leads to code that spills arguments and calls runtime.morestack: the proof that it is the stack check.
bool LeadsToMorestack(Disassembler& disassembler, const ArchRules& rules, std::span<const uint8_t> code, uint64_t vaddr,
                      uint64_t off, const IsMorestack& is_morestack) {
  for (int i = 0; i < kMaxMorestackBlockInstructions; ++i) {
    const cs_insn* instruction = disassembler.At(code, vaddr, off);
    if (instruction == nullptr) {
      return false;
    }
    if (const std::optional<uint64_t> target = rules.call_target(*instruction)) {
      return is_morestack(*target);
    }
    off += instruction->size;
  }
  return false;
}

bool IsPushRbp(const cs_insn& instruction) {
  return instruction.id == X86_INS_PUSH && instruction.detail->x86.operands[0].type == X86_OP_REG &&
         instruction.detail->x86.operands[0].reg == X86_REG_RBP;
}

// A method wrapper of Go 1.20 and older that needs no stack: `mov 0x20(%r14),%r12; test %r12,%r12; jne`. Before it only
// the frame is set up (cmd/internal/obj/x86/obj6.go, preprocess: "if(g._panic != nil && g._panic.argp == FP)").
std::optional<Site> FindPanicCheck(Disassembler& disassembler, std::span<const uint8_t> code, uint64_t vaddr) {
  constexpr int64_t kPanicOff = 0x20;  // of g._panic: behind stack, stackguard0 and stackguard1
  bool panic_loaded = false;
  uint64_t off = 0;
  for (int i = 0; i < kMaxPrologueInstructions; ++i) {
    const cs_insn* instruction = disassembler.At(code, vaddr, off);
    if (instruction == nullptr || LoadsStackGuardAmd64(*instruction)) {
      return std::nullopt;
    }
    const cs_x86& x86 = instruction->detail->x86;
    if (instruction->id == X86_INS_JNE && panic_loaded) {
      return Site{SiteKind::kPanicCheckBranch, off, Disassembler::Text(*instruction),
                  "branch of a wrapper's check for panics, emulated"};
    }
    if (instruction->id == X86_INS_MOV && x86.op_count == 2 && x86.operands[0].type == X86_OP_REG &&
        x86.operands[0].reg == X86_REG_R12 && x86.operands[1].type == X86_OP_MEM &&
        x86.operands[1].mem.base == X86_REG_R14 && x86.operands[1].mem.disp == kPanicOff) {
      panic_loaded = true;
    }
    off += instruction->size;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<Site> FindStartSite(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch,
                                   const IsMorestack& is_morestack) {
  NODESPAN_ASSIGN_OR_RETURN(Disassembler disassembler, Disassembler::Create(arch));
  const bool amd64 = arch == goinspect::Arch::kAmd64;
  const ArchRules& rules = amd64 ? kAmd64Rules : kArm64Rules;

  // A function without a stack check (nosplit, or a tiny frame) may begin with the push itself.
  if (const cs_insn* first = disassembler.At(code, vaddr, 0); amd64 && first != nullptr && IsPushRbp(*first)) {
    return Site{SiteKind::kPush, 0, Disassembler::Text(*first), "first instruction, no stack check before it"};
  }
  if (const std::optional<Site> site = amd64 ? FindPanicCheck(disassembler, code, vaddr) : std::nullopt) {
    return *site;
  }
  NODESPAN_ASSIGN_OR_RETURN(const StackCheck check, FindStackCheck(disassembler, rules, code, vaddr));
  if (!LeadsToMorestack(disassembler, rules, code, vaddr, check.target_off, is_morestack)) {
    return Unexpected("its first branch does not lead to runtime.morestack");
  }
  if (const cs_insn* next = disassembler.At(code, vaddr, check.next_off);
      amd64 && next != nullptr && IsPushRbp(*next)) {
    return Site{SiteKind::kPush, check.next_off, Disassembler::Text(*next),
                "first instruction behind the stack check, emulated"};
  }
  return Site{SiteKind::kStackCheckBranch, check.branch_off, check.branch_text,
              amd64 ? "branch of the stack check, emulated; no push behind it (Go <= 1.20)"
                    : "branch of the stack check, simulated"};
}

bool Calls(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch, uint64_t target_vaddr) {
  const ArchRules& rules = arch == goinspect::Arch::kAmd64 ? kAmd64Rules : kArm64Rules;
  absl::StatusOr<Disassembler> disassembler = Disassembler::Create(arch);
  if (!disassembler.ok()) {
    return false;
  }
  uint64_t off = 0;
  while (const cs_insn* instruction = disassembler->At(code, vaddr, off)) {
    if (rules.call_target(*instruction) == target_vaddr) {
      return true;
    }
    off += instruction->size;
  }
  return false;
}

}  // namespace nodespan::attach
