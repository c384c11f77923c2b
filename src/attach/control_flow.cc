// SPDX-License-Identifier: Apache-2.0
#include "attach/control_flow.h"

#include <capstone/capstone.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

#include "attach/disassembler.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using absl::StatusCode;
using base::MakeStatus;
using Effect = Instruction::Effect;
using Flow = Instruction::Flow;
using Store = Instruction::Store;

constexpr uint16_t kAllRegisters = 0xffff;
constexpr int32_t kMaxFrameBytes = 16 << 20;

struct WidthNames {
  Reg reg;
  std::array<x86_reg, 5> names;
};

// Every name of a general register.
constexpr std::array<WidthNames, 16> kRegisterNames = {{
    {kAx, {X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH}},
    {kCx, {X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH}},
    {kDx, {X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH}},
    {kBx, {X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH}},
    {kSp, {X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL}},
    {kBp, {X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL}},
    {kSi, {X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL}},
    {kDi, {X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL}},
    {kR8, {X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B}},
    {kR9, {X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B}},
    {kR10, {X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B}},
    {kR11, {X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B}},
    {kR12, {X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B}},
    {kR13, {X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B}},
    {kR14, {X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B}},
    {kR15, {X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B}},
}};

// The general register that contains a register of any width; none for the others (vector registers, flags).
std::optional<Reg> GeneralRegister(unsigned reg) {
  static constexpr auto kByName = [] {
    std::array<uint8_t, X86_REG_ENDING> table{};  // Reg + 1
    for (const WidthNames& general : kRegisterNames) {
      for (const x86_reg name : general.names) {
        table[name] = static_cast<uint8_t>(general.reg + 1);
      }
    }
    table[X86_REG_INVALID] = 0;
    return table;
  }();
  if (reg >= kByName.size() || kByName[reg] == 0) {
    return std::nullopt;
  }
  return static_cast<Reg>(kByName[reg] - 1);
}

bool IsFrameSlot(const cs_x86_op& operand) {
  return operand.type == X86_OP_MEM && operand.mem.base == X86_REG_RSP && operand.mem.index == X86_REG_INVALID &&
         operand.mem.segment == X86_REG_INVALID && operand.mem.disp >= std::numeric_limits<int32_t>::min() &&
         operand.mem.disp <= std::numeric_limits<int32_t>::max();
}

bool IsRegister(const cs_x86_op& operand, uint8_t bytes) {
  return operand.type == X86_OP_REG && operand.size == bytes && GeneralRegister(operand.reg).has_value();
}

// The first operand of these is read only.
bool OnlyReads(unsigned id) {
  switch (id) {
    case X86_INS_CMP:
    case X86_INS_TEST:
    case X86_INS_BT:
    case X86_INS_PUSH:
    case X86_INS_NOP:
    case X86_INS_PREFETCH:
    case X86_INS_PREFETCHNTA:
    case X86_INS_PREFETCHT0:
    case X86_INS_PREFETCHT1:
    case X86_INS_PREFETCHT2:
    case X86_INS_UCOMISD:
    case X86_INS_UCOMISS:
    case X86_INS_COMISD:
    case X86_INS_COMISS:
    case X86_INS_PTEST: return true;
    default: return false;
  }
}

// Sets `flow` and its companions by the bytes, because the kernel goes by the bytes too: a branch with a prefix is
// another thing for it. False for a transfer of control that is none of those the Go compiler makes.
bool DecodeFlow(const cs_insn& raw, Instruction& out) {
  const cs_x86& x86 = raw.detail->x86;
  const uint8_t first = raw.bytes[0];
  const bool two_byte_branch = first == 0x0f && raw.size == 6 && (raw.bytes[1] & 0xf0) == 0x80;
  if (first == 0xe9 || first == 0xeb) {
    out.flow = Flow::kJump;
  } else if (first == 0xe8) {
    out.flow = Flow::kCall;
  } else if ((first & 0xf0) == 0x70 || two_byte_branch) {
    out.flow = Flow::kBranch;
    out.condition = static_cast<uint8_t>((two_byte_branch ? raw.bytes[1] : first) & 0x0f);
  } else if (first == 0xc3) {
    out.flow = Flow::kReturn;
  } else if (raw.id == X86_INS_UD2 || raw.id == X86_INS_INT3 || raw.id == X86_INS_HLT) {
    out.flow = Flow::kStop;
  } else if (raw.id == X86_INS_CALL) {
    out.flow = Flow::kIndirectCall;
  } else if (raw.id == X86_INS_JMP) {
    out.flow = Flow::kIndirectJump;
  } else {
    const auto* groups = raw.detail->groups;
    return std::none_of(groups, groups + raw.detail->groups_count, [](uint8_t group) {
      return group == CS_GRP_JUMP || group == CS_GRP_CALL || group == CS_GRP_RET || group == CS_GRP_INT ||
             group == CS_GRP_IRET;
    });
  }
  if (out.flow == Flow::kJump || out.flow == Flow::kBranch || out.flow == Flow::kCall) {
    if (x86.op_count != 1 || x86.operands[0].type != X86_OP_IMM) {
      return false;
    }
    out.target_vaddr = static_cast<uint64_t>(x86.operands[0].imm);
  }
  return true;
}

// Which general registers and what memory it writes, at most.
void DecodeWrites(const cs_insn& raw, Instruction& out) {
  const cs_detail& detail = *raw.detail;
  for (uint8_t i = 0; i < detail.regs_write_count; ++i) {
    if (const std::optional<Reg> reg = GeneralRegister(detail.regs_write[i])) {
      out.written = static_cast<uint16_t>(out.written | 1u << *reg);
    }
  }
  // What an instruction writes is its first operand; the exchanges write both. Assuming too much only makes a search
  // fail that could have succeeded.
  const bool exchanges = raw.id == X86_INS_XCHG || raw.id == X86_INS_XADD || raw.id == X86_INS_CMPXCHG ||
                         raw.id == X86_INS_MULX || raw.id == X86_INS_VZEROALL;
  const int operands = OnlyReads(raw.id) ? 0 : std::min<int>(detail.x86.op_count, exchanges ? 2 : 1);
  for (int i = 0; i < operands; ++i) {
    const cs_x86_op& operand = detail.x86.operands[i];
    if (operand.type == X86_OP_REG) {
      if (const std::optional<Reg> reg = GeneralRegister(operand.reg)) {
        out.written = static_cast<uint16_t>(out.written | 1u << *reg);
      }
    } else if (operand.type == X86_OP_MEM) {
      out.store = Store::kPointer;
      if (const std::optional<Reg> base = GeneralRegister(operand.mem.base); base && *base != kSp) {
        out.base = *base;
        out.has_base = true;
      }
      if (IsFrameSlot(operand) && operand.size > 0) {
        out.store = Store::kFrame;
        out.store_bytes = operand.size;
        out.disp = static_cast<int32_t>(operand.mem.disp);
      }
    }
  }
  if (raw.id == X86_INS_CPUID || raw.id == X86_INS_SYSCALL || raw.id == X86_INS_RDTSCP || raw.id == X86_INS_XGETBV) {
    out.written = kAllRegisters;
  }
}

bool FitsInt32(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
}

// The moves between registers, stack slots and constants that a location can be followed through; all else keeps
// Effect::kOther.
void DecodeMove(const cs_insn& raw, Instruction& out) {
  const cs_x86& x86 = raw.detail->x86;
  const cs_x86_op& to = x86.operands[0];
  const cs_x86_op& from = x86.operands[1];
  if (raw.id == X86_INS_LEA && IsRegister(to, 8)) {
    out.reg = *GeneralRegister(to.reg);
    if (from.mem.base == X86_REG_RIP && from.mem.index == X86_REG_INVALID) {
      out.effect = Effect::kAddress;
      out.value = static_cast<int64_t>(raw.address + raw.size + static_cast<uint64_t>(from.mem.disp));
    } else if (from.mem.base == X86_REG_RSP || from.mem.index == X86_REG_RSP) {
      out.effect = Effect::kFrameAddress;
      out.disp = static_cast<int32_t>(from.mem.disp);
    }
    return;
  }
  if (raw.id == X86_INS_MOVUPS && IsFrameSlot(to) && to.size == 16 && from.type == X86_OP_REG &&
      from.reg == X86_REG_XMM15) {
    out.effect = Effect::kStoreConstant;  // X15 is zero in all Go code (ABIInternal)
    return;
  }
  if (raw.id == X86_INS_XOR && to.type == X86_OP_REG && from.type == X86_OP_REG && to.reg == from.reg &&
      (IsRegister(to, 4) || IsRegister(to, 8))) {
    out.effect = Effect::kConstant;
    out.reg = *GeneralRegister(to.reg);
    return;
  }
  if (raw.id != X86_INS_MOV && raw.id != X86_INS_MOVABS) {
    return;
  }
  if (IsRegister(to, 8) && IsRegister(from, 8)) {
    out.effect = Effect::kMove;
    out.reg = *GeneralRegister(to.reg);
    out.source = *GeneralRegister(from.reg);
  } else if (IsRegister(to, 8) && IsFrameSlot(from)) {
    out.effect = Effect::kLoadSlot;
    out.reg = *GeneralRegister(to.reg);
    out.disp = static_cast<int32_t>(from.mem.disp);
  } else if (IsRegister(to, 8) && from.type == X86_OP_MEM && from.mem.base == X86_REG_RIP &&
             from.mem.index == X86_REG_INVALID && from.mem.segment == X86_REG_INVALID) {
    out.effect = Effect::kLoadMemory;
    out.reg = *GeneralRegister(to.reg);
    out.value = static_cast<int64_t>(raw.address + raw.size + static_cast<uint64_t>(from.mem.disp));
  } else if ((IsRegister(to, 4) || IsRegister(to, 8)) && from.type == X86_OP_IMM) {
    const int64_t value = to.size == 4 ? static_cast<int64_t>(static_cast<uint32_t>(from.imm)) : from.imm;
    if (FitsInt32(value)) {
      out.effect = Effect::kConstant;
      out.reg = *GeneralRegister(to.reg);
      out.value = value;
    }
  } else if (IsFrameSlot(to) && IsRegister(from, 8)) {
    out.effect = Effect::kStoreRegister;
    out.source = *GeneralRegister(from.reg);
  } else if (IsFrameSlot(to) && to.size == 8 && from.type == X86_OP_IMM && FitsInt32(from.imm)) {
    out.effect = Effect::kStoreConstant;
    out.value = from.imm;
  }
}

// Pushes, pops, and sums with the stack pointer. False when the stack pointer is changed in any other way.
bool DecodeStackPointer(const cs_insn& raw, Instruction& out) {
  const cs_x86& x86 = raw.detail->x86;
  const cs_x86_op& first = x86.operands[0];
  if (raw.id == X86_INS_PUSH) {
    out.store = Store::kNone;  // below everything that is looked at
    if (!IsRegister(first, 8)) {
      return false;
    }
    out.effect = Effect::kPush;
    out.source = *GeneralRegister(first.reg);
    out.written = 0;
    return true;
  }
  if (raw.id == X86_INS_POP) {
    if (!IsRegister(first, 8) || first.reg == X86_REG_RSP) {
      return false;
    }
    out.effect = Effect::kPop;
    out.reg = *GeneralRegister(first.reg);
    out.written = static_cast<uint16_t>(1u << out.reg);
    return true;
  }
  if (!out.Writes(kSp) || out.flow != Flow::kNext) {
    return true;
  }
  const cs_x86_op& second = x86.operands[1];
  if ((raw.id == X86_INS_ADD || raw.id == X86_INS_SUB) && second.type == X86_OP_IMM && IsRegister(first, 8)) {
    out.value = raw.id == X86_INS_ADD ? second.imm : -second.imm;
  } else if (raw.id == X86_INS_LEA && second.mem.base == X86_REG_RSP && second.mem.index == X86_REG_INVALID) {
    out.value = second.mem.disp;
  } else {
    return false;
  }
  out.effect = Effect::kAdjustSp;
  out.written = 0;
  return std::abs(out.value) <= kMaxFrameBytes && out.value % 8 == 0;
}

// Comparisons with zero, the only conditions that tell something about an error.
void DecodeTest(const cs_insn& raw, Instruction& out) {
  const cs_x86& x86 = raw.detail->x86;
  if (x86.op_count != 2) {
    return;
  }
  const cs_x86_op& first = x86.operands[0];
  const cs_x86_op& second = x86.operands[1];
  const bool tests_itself = raw.id == X86_INS_TEST && second.type == X86_OP_REG && first.reg == second.reg;
  const bool compares_with_zero = raw.id == X86_INS_CMP && second.type == X86_OP_IMM && second.imm == 0;
  if (IsRegister(first, 8) && (tests_itself || compares_with_zero)) {
    out.effect = Effect::kTestRegister;
    out.reg = *GeneralRegister(first.reg);
  } else if (IsFrameSlot(first) && first.size == 8 && compares_with_zero) {
    out.effect = Effect::kTestSlot;
    out.disp = static_cast<int32_t>(first.mem.disp);
  }
}

bool IsShortNop(const cs_insn& raw) {
  return (raw.size == 1 && raw.bytes[0] == 0x90) || (raw.size == 2 && raw.bytes[0] == 0x66 && raw.bytes[1] == 0x90);
}

absl::Status Refused(std::string_view what, const cs_insn& raw, uint64_t vaddr) {
  return MakeStatus(StatusCode::kUnimplemented, "{} at +{}: {}", what, raw.address - vaddr, Disassembler::Text(raw));
}

absl::StatusOr<Instruction> DecodeInstruction(const cs_insn& raw, uint64_t vaddr, const ClassifyCallee& callees) {
  Instruction out;
  out.off = static_cast<uint32_t>(raw.address - vaddr);
  out.size = static_cast<uint8_t>(raw.size);
  if (!DecodeFlow(raw, out)) {
    return Refused("unusual transfer of control", raw, vaddr);
  }
  if (out.flow != Flow::kNext) {
    if (out.flow == Flow::kCall) {
      out.callee = callees(out.target_vaddr);
    }
    return out;
  }
  if (IsShortNop(raw)) {
    out.effect = Effect::kNop;
    return out;
  }
  DecodeWrites(raw, out);
  DecodeMove(raw, out);
  DecodeTest(raw, out);
  if (!DecodeStackPointer(raw, out)) {
    return Refused("the stack pointer changes", raw, vaddr);
  }
  return out;
}

}  // namespace

bool Instruction::FallsThrough() const {
  switch (flow) {
    case Flow::kNext:
    case Flow::kBranch:
    case Flow::kIndirectCall: return true;
    case Flow::kCall: return callee != CalleeKind::kNeverReturns;
    case Flow::kJump:
    case Flow::kIndirectJump:
    case Flow::kReturn:
    case Flow::kStop: return false;
  }
  return false;
}

int32_t Instruction::DepthChange() const {
  switch (effect) {
    case Effect::kPush: return 8;
    case Effect::kPop: return -8;
    case Effect::kAdjustSp: return static_cast<int32_t>(-value);
    default: return 0;
  }
}

absl::StatusOr<DecodedFunction> DecodedFunction::Decode(std::span<const uint8_t> code, uint64_t vaddr,
                                                        const ClassifyCallee& callees) {
  if (code.size() > kMaxFunctionBytes) {
    return MakeStatus(StatusCode::kResourceExhausted, "a function of {} bytes", code.size());
  }
  NODESPAN_ASSIGN_OR_RETURN(Disassembler disassembler, Disassembler::Create(goinspect::Arch::kAmd64));
  DecodedFunction function;
  std::vector<Instruction>& instructions = function.instructions_;
  instructions.reserve(code.size() / 4);
  for (uint64_t off = 0; off < code.size();) {
    const cs_insn* raw = disassembler.At(code, vaddr, off);
    if (raw == nullptr) {
      return MakeStatus(StatusCode::kUnimplemented, "undecodable bytes at +{}", off);
    }
    NODESPAN_ASSIGN_OR_RETURN(Instruction instruction, DecodeInstruction(*raw, vaddr, callees));
    off += instruction.size;
    instructions.push_back(instruction);
  }

  NODESPAN_RETURN_IF_ERROR(function.FindEdges(vaddr));
  NODESPAN_RETURN_IF_ERROR(function.FindDepths());
  return function;
}

absl::Status DecodedFunction::FindEdges(uint64_t vaddr) {
  for (size_t source = 0; source < instructions_.size(); ++source) {
    const Instruction& from = instructions_[source];
    if (from.flow == Flow::kIndirectJump) {
      return MakeStatus(StatusCode::kUnimplemented, "a jump through a register or table at +{}", from.off);
    }
    if (from.flow != Flow::kJump && from.flow != Flow::kBranch) {
      continue;
    }
    const uint64_t target_off = from.target_vaddr - vaddr;
    const auto it =
        std::lower_bound(instructions_.begin(), instructions_.end(), target_off,
                         [](const Instruction& instruction, uint64_t off) { return instruction.off < off; });
    if (it == instructions_.end() || it->off != target_off) {
      return MakeStatus(StatusCode::kUnimplemented, "a branch out of the function at +{}", from.off);
    }
    edges_.push_back({static_cast<uint32_t>(it - instructions_.begin()), static_cast<uint32_t>(source)});
  }
  std::stable_sort(edges_.begin(), edges_.end(), [](const Edge& a, const Edge& b) { return a.target < b.target; });
  return absl::OkStatus();
}

absl::Status DecodedFunction::FindDepths() {
  constexpr int32_t kUnknown = -1;
  depths_.assign(instructions_.size(), kUnknown);
  std::vector<uint32_t> successors(instructions_.size(), UINT32_MAX);  // of jumps and branches
  for (const Edge& edge : edges_) {
    successors[edge.source] = edge.target;
  }
  std::vector<std::pair<uint32_t, int32_t>> pending;
  const auto follow = [&](uint32_t start, int32_t start_depth) -> absl::Status {
    pending = {{start, start_depth}};
    while (!pending.empty()) {
      auto [index, depth] = pending.back();
      pending.pop_back();
      for (; index < instructions_.size() && depths_[index] == kUnknown; ++index) {
        const Instruction& instruction = instructions_[index];
        depths_[index] = depth;
        if (instruction.flow == Flow::kReturn && depth != 0) {
          return MakeStatus(StatusCode::kUnimplemented, "the stack pointer is {} bytes off at the return at +{}", depth,
                            instruction.off);
        }
        depth += instruction.DepthChange();
        if (depth < 0 || depth > kMaxFrameBytes) {
          return MakeStatus(StatusCode::kUnimplemented, "the stack pointer leaves the frame at +{}", instruction.off);
        }
        if (successors[index] != UINT32_MAX) {
          pending.emplace_back(successors[index], depth);
        }
        if (!instruction.FallsThrough()) {
          depth = kUnknown;
          break;
        }
      }
      if (depth != kUnknown && index < instructions_.size() && depths_[index] != depth) {
        return MakeStatus(StatusCode::kUnimplemented, "two depths of the stack at +{}", instructions_[index].off);
      }
    }
    return absl::OkStatus();
  };
  if (instructions_.empty()) {
    return absl::OkStatus();
  }
  NODESPAN_RETURN_IF_ERROR(follow(0, 0));
  const int32_t frame_bytes = *std::max_element(depths_.begin(), depths_.end());
  for (uint32_t i = 0; i < instructions_.size(); ++i) {
    if (depths_[i] == kUnknown) {
      // Code that nothing leads to: behind runtime.deferreturn, or nops behind a call that never returns. The latter
      // run on into code of another depth, which is no contradiction.
      follow(i, frame_bytes).IgnoreError();
    }
  }
  return absl::OkStatus();
}

std::span<const DecodedFunction::Edge> DecodedFunction::EdgesInto(size_t index) const {
  const auto [begin, end] = std::equal_range(edges_.begin(), edges_.end(), Edge{static_cast<uint32_t>(index), 0},
                                             [](const Edge& a, const Edge& b) { return a.target < b.target; });
  return {begin, end};
}

bool DecodedFunction::IsReached(size_t index) const {
  for (; EdgesInto(index).empty(); --index) {
    if (index == 0) {
      return true;
    }
    if (!instructions_[index - 1].FallsThrough()) {
      return false;
    }
  }
  return true;
}

}  // namespace nodespan::attach
