// SPDX-License-Identifier: Apache-2.0
// An amd64 function decoded once: what each instruction does to registers, stack slots and control flow, as far as the
// search for end sites (end_sites.h) needs it. Whatever is not understood is kept as "writes these registers" or
// refused.
//
// Internal to attach. Pure functions of machine code; immutable once made, any thread. Bounded: kMaxFunctionBytes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace nodespan::attach {

// What a direct call leads to. See go_callees.h.
enum class CalleeKind : uint8_t {
  kOther,         // any registers may change
  kNeverReturns,  // runtime.gopanic and the like: nothing follows the call
  kDeferReturn,   // runtime.deferreturn
  kWriteBarrier,  // runtime.gcWriteBarrier*: keeps all registers that hold results, and the stack
  kDuff,          // runtime.duffzero, duffcopy: keeps AX, BX, CX, and writes memory through DI
  kMorestack,     // runtime.morestack*: the function begins anew
};
using ClassifyCallee = std::function<CalleeKind(uint64_t vaddr)>;

// General registers by their number in machine code.
enum Reg : uint8_t { kAx, kCx, kDx, kBx, kSp, kBp, kSi, kDi, kR8, kR9, kR10, kR11, kR12, kR13, kR14, kR15 };

struct Instruction {
  enum class Flow : uint8_t { kNext, kJump, kBranch, kCall, kIndirectCall, kIndirectJump, kReturn, kStop };
  enum class Effect : uint8_t {
    kOther,          // `written` and `store` say all that is known
    kNop,            // one byte, or 66 90
    kMove,           // reg = source
    kLoadSlot,       // reg = word at sp + disp
    kConstant,       // reg = value
    kAddress,        // reg = address `value`, as linked
    kLoadMemory,     // reg = word at address `value`, as linked
    kFrameAddress,   // reg = sp + disp
    kStoreRegister,  // word at sp + disp = source
    kStoreConstant,  // `store_bytes` at sp + disp = value, repeated per word
    kAdjustSp,       // sp += value
    kPush,           // of source
    kPop,            // into reg
    kTestRegister,   // zero flag = (reg == 0)
    kTestSlot,       // zero flag = (word at sp + disp == 0)
  };
  enum class Store : uint8_t {
    kNone,
    kFrame,    // store_bytes at sp + disp
    kPointer,  // through `base`, when `has_base`; otherwise somewhere
  };

  bool Writes(Reg r) const { return (written >> r & 1) != 0; }
  // Whether control can go on to the next instruction.
  bool FallsThrough() const;
  // How much deeper the stack is after it.
  int32_t DepthChange() const;

  uint32_t off = 0;
  uint8_t size = 0;
  Flow flow = Flow::kNext;
  Effect effect = Effect::kOther;
  Store store = Store::kNone;
  CalleeKind callee = CalleeKind::kOther;  // of kCall
  uint8_t condition = 0;                   // of kBranch: low nibble of the opcode
  Reg reg = kAx;
  Reg source = kAx;
  Reg base = kAx;
  bool has_base = false;
  uint16_t written = 0;  // bit per Reg
  uint16_t store_bytes = 0;
  int32_t disp = 0;
  int64_t value = 0;
  uint64_t target_vaddr = 0;  // of kJump, kBranch, kCall
};

class DecodedFunction {
 public:
  static constexpr size_t kMaxFunctionBytes = 256 << 10;  // larger functions are refused; the largest known have 100 kB

  // kUnimplemented: undecodable bytes, a jump through a register, a branch out of the function, a stack pointer that is
  // not plainly moved or not back at a return; kResourceExhausted: too large. The message names the offset.
  static absl::StatusOr<DecodedFunction> Decode(std::span<const uint8_t> code, uint64_t vaddr,
                                                const ClassifyCallee& callees);

  std::span<const Instruction> instructions() const { return instructions_; }

  // Indexes of the jumps and branches that lead to instruction `index`.
  struct Edge {
    uint32_t target;
    uint32_t source;
  };
  std::span<const Edge> EdgesInto(size_t index) const;

  // Whether instruction `index` can be reached at all: false for the code that only the runtime jumps to. Exact for one
  // straight run of code: code reached only from unreachable code counts as reached.
  bool IsReached(size_t index) const;

  // Bytes between the stack pointer just before instruction `index` and the one the function was entered with; the
  // frame's full depth for code that only the runtime jumps to.
  int32_t DepthAt(size_t index) const { return depths_[index]; }

 private:
  absl::Status FindEdges(uint64_t vaddr);
  absl::Status FindDepths();

  std::vector<Instruction> instructions_;
  std::vector<Edge> edges_;  // by target, then source
  std::vector<int32_t> depths_;
};

}  // namespace nodespan::attach
