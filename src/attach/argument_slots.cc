// SPDX-License-Identifier: Apache-2.0
#include "attach/argument_slots.h"

#include <algorithm>

#include "attach/end_sites.h"
#include "attach/value_flow.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using Effect = Instruction::Effect;
using Flow = Instruction::Flow;
using Store = Instruction::Store;

constexpr int kArgumentWords = 9;
constexpr int64_t kWordBytes = 8;

class Slots {
 public:
  Slots(const DecodedFunction& function, uint64_t vaddr,
        const std::optional<std::vector<goinspect::StackObject>>& stack_objects)
      : function_(function), vaddr_(vaddr), slots_(function, stack_objects) {}

  bool Holds(int word, int64_t slot) const {
    const Reg reg = kResultRegisters[static_cast<size_t>(word)];
    const std::optional<size_t> store = FirstStore(reg, slot);
    return store.has_value() && slots_.IsPrivate(slot) && NothingElseIsStored(reg, slot, *store);
  }

 private:
  bool Overlaps(size_t index, int64_t slot) const {
    const Instruction& instruction = function_.instructions()[index];
    const int64_t begin = instruction.disp - function_.DepthAt(index);
    return instruction.store == Store::kFrame && begin < slot + kWordBytes && slot < begin + instruction.store_bytes;
  }

  bool IsStoreOf(size_t index, Reg reg, int64_t slot) const {
    const Instruction& instruction = function_.instructions()[index];
    return instruction.effect == Effect::kStoreRegister && instruction.source == reg &&
           instruction.disp - function_.DepthAt(index) == slot;
  }

  // The first instruction from there on that does not lead to the next one; null when the code ends before.
  const Instruction* EndOfRun(size_t index) const {
    const std::span<const Instruction> instructions = function_.instructions();
    while (index < instructions.size() && instructions[index].flow == Flow::kNext) {
      ++index;
    }
    return index < instructions.size() ? &instructions[index] : nullptr;
  }

  // Whether the code from there on grows the stack before anything else happens; then the function begins anew.
  bool GrowsStack(size_t index) const {
    const Instruction* end = EndOfRun(index);
    return end != nullptr && end->flow == Flow::kCall && end->callee == CalleeKind::kMorestack;
  }

  // Whether the code from there on returns and calls nothing.
  bool Returns(size_t index) const {
    const Instruction* end = EndOfRun(index);
    return end != nullptr && end->flow == Flow::kReturn;
  }

  std::optional<size_t> IndexOf(uint64_t target_vaddr) const {
    const std::span<const Instruction> instructions = function_.instructions();
    const auto it =
        std::lower_bound(instructions.begin(), instructions.end(), target_vaddr - vaddr_,
                         [](const Instruction& instruction, uint64_t off) { return instruction.off < off; });
    return it == instructions.end() || it->off != target_vaddr - vaddr_
               ? std::nullopt
               : std::optional(static_cast<size_t>(it - instructions.begin()));
  }

  // The store before which nothing is called and the register is not written, and which no way into the function
  // passes by, but for those that return at once.
  std::optional<size_t> FirstStore(Reg reg, int64_t slot) const {
    const std::span<const Instruction> instructions = function_.instructions();
    size_t furthest = 0;  // where a branch leads to
    for (size_t i = 0; i < instructions.size(); ++i) {
      const Instruction& instruction = instructions[i];
      for (const DecodedFunction::Edge& edge : function_.EdgesInto(i)) {
        if (edge.source > i && i > 0) {
          return std::nullopt;  // a loop
        }
      }
      if (IsStoreOf(i, reg, slot) && furthest <= i) {
        return i;
      }
      if (instruction.flow == Flow::kBranch || instruction.flow == Flow::kJump) {
        const std::optional<size_t> target = IndexOf(instruction.target_vaddr);
        if (!target.has_value()) {
          return std::nullopt;
        }
        if (!GrowsStack(*target) && !Returns(*target)) {
          furthest = std::max(furthest, *target);
        }
      } else if (instruction.flow != Flow::kNext) {
        return std::nullopt;
      }
      if (instruction.Writes(reg)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  // Whether the register has at instruction `index` what the function was entered with: only code that neither calls
  // nor writes it leads there, none of it twice.
  bool IsUntouched(Reg reg, size_t index) const {
    for (size_t i = 0; i < index; ++i) {
      const Instruction& instruction = function_.instructions()[i];
      const bool goes_on = instruction.flow == Flow::kNext || instruction.flow == Flow::kBranch;
      if (!goes_on || instruction.Writes(reg)) {
        return false;
      }
    }
    for (size_t i = 0; i <= index; ++i) {
      for (const DecodedFunction::Edge& edge : function_.EdgesInto(i)) {
        if (edge.source >= index && i > 0) {
          return false;
        }
      }
    }
    return true;
  }

  // The argument itself may be stored once more, and is again where the function begins anew.
  bool NothingElseIsStored(Reg reg, int64_t slot, size_t store) const {
    for (size_t i = 0; i < function_.instructions().size(); ++i) {
      if (i != store && Overlaps(i, slot) && !(IsStoreOf(i, reg, slot) && (GrowsStack(i) || IsUntouched(reg, i)))) {
        return false;
      }
    }
    return true;
  }

  const DecodedFunction& function_;
  const uint64_t vaddr_;
  const FrameSlots slots_;
};

absl::StatusOr<DecodedFunction> Decode(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch,
                                       const ClassifyCallee& callees) {
  if (arch != goinspect::Arch::kAmd64) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "arguments in memory are looked for on amd64 only");
  }
  return DecodedFunction::Decode(code, vaddr, callees);
}

}  // namespace

absl::StatusOr<uint16_t> FindArgumentSlots(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch,
                                           const std::optional<std::vector<goinspect::StackObject>>& stack_objects,
                                           const ClassifyCallee& callees) {
  NODESPAN_ASSIGN_OR_RETURN(const DecodedFunction function, Decode(code, vaddr, arch, callees));
  const Slots slots(function, vaddr, stack_objects);
  uint16_t found = 0;
  for (int word = 0; word < kArgumentWords; ++word) {
    if (slots.Holds(word, kWordBytes + kWordBytes * word)) {  // the return address is at 0
      found = static_cast<uint16_t>(found | 1U << word);
    }
  }
  return found;
}

absl::StatusOr<bool> IsArgumentKept(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch,
                                    const std::optional<std::vector<goinspect::StackObject>>& stack_objects,
                                    const ClassifyCallee& callees, int word, int32_t slot_off) {
  NODESPAN_ASSIGN_OR_RETURN(const DecodedFunction function, Decode(code, vaddr, arch, callees));
  return Slots(function, vaddr, stack_objects).Holds(word, slot_off);
}

}  // namespace nodespan::attach
