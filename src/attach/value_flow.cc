// SPDX-License-Identifier: Apache-2.0
#include "attach/value_flow.h"

#include <algorithm>
#include <limits>

namespace nodespan::attach {
namespace {

using Effect = Instruction::Effect;
using Flow = Instruction::Flow;
using Store = Instruction::Store;

constexpr int64_t kWordBytes = 8;
constexpr int kMaxPointerSteps = 256;  // past them a pointer is one that nothing is known of

bool IsCall(const Instruction& instruction) {
  return instruction.flow == Flow::kCall || instruction.flow == Flow::kIndirectCall;
}

bool CallKeeps(CalleeKind callee, Reg reg) {
  switch (callee) {
    case CalleeKind::kWriteBarrier: return reg != kR11;  // where it returns a pointer since Go 1.21
    case CalleeKind::kDuff: return reg == kAx || reg == kBx || reg == kCx;
    default: return false;
  }
}

bool FollowRegister(const Instruction& instruction, int64_t depth, Location& location) {
  const Reg reg = static_cast<Reg>(location.value);
  if (IsCall(instruction)) {
    return instruction.flow == Flow::kCall && CallKeeps(instruction.callee, reg);
  }
  if (!instruction.Writes(reg)) {
    return true;
  }
  if (instruction.reg != reg) {
    return false;
  }
  switch (instruction.effect) {
    case Effect::kMove:
      location = Location::Register(instruction.source);
      return instruction.source != kSp && instruction.source != kR14;
    case Effect::kLoadSlot: location = Location::Slot(instruction.disp - depth); return true;
    case Effect::kPop: location = Location::Slot(-depth); return true;
    case Effect::kConstant: location = Location::Constant(instruction.value); return true;
    case Effect::kAddress: location = Location::Address(instruction.value); return true;
    case Effect::kLoadMemory: location = Location::Memory(instruction.value); return true;
    default: return false;
  }
}

bool FollowSlot(const DecodedFunction& function, const FrameSlots& slots, size_t index, Location& location) {
  const Instruction& instruction = function.instructions()[index];
  const int64_t depth = function.DepthAt(index);
  const int64_t slot = location.value;
  if (IsCall(instruction)) {
    const bool is_write_barrier =
        instruction.flow == Flow::kCall && instruction.callee == CalleeKind::kWriteBarrier;  // writes to the heap
    return is_write_barrier || slots.IsPrivate(slot);
  }
  if (instruction.effect == Effect::kPush) {
    return slot >= -depth || slot + 2 * kWordBytes <= -depth;
  }
  if (instruction.store == Store::kPointer) {
    return !slots.MayBeHit(function, index, slot);
  }
  if (instruction.store == Store::kNone) {
    return true;
  }
  const int64_t begin = instruction.disp - depth;
  const int64_t end = begin + instruction.store_bytes;
  if (end <= slot || slot + kWordBytes <= begin) {
    return true;
  }
  if (instruction.effect == Effect::kStoreRegister && begin == slot) {
    location = Location::Register(instruction.source);
    return instruction.source != kSp && instruction.source != kR14;
  }
  if (instruction.effect == Effect::kStoreConstant && begin <= slot && slot + kWordBytes <= end &&
      (slot - begin) % kWordBytes == 0) {
    location = Location::Constant(instruction.value);
    return true;
  }
  return false;
}

// Whether the instruction leaves all variables of the program alone: it writes nothing but the frame. What a pointer
// leads to is looked for in the straight run of code before it.
bool KeepsMemory(const DecodedFunction& function, size_t index) {
  const Instruction& store = function.instructions()[index];
  if (store.store != Store::kPointer || IsCall(store)) {
    return !IsCall(store);
  }
  for (size_t i = index; store.has_base && i > 0 && function.EdgesInto(i).empty(); --i) {
    const Instruction& previous = function.instructions()[i - 1];
    if (!previous.FallsThrough() || IsCall(previous)) {
      return false;
    }
    if (previous.Writes(store.base)) {
      return previous.effect == Effect::kFrameAddress && previous.reg == store.base;
    }
  }
  return false;
}

}  // namespace

FrameSlots::FrameSlots(const DecodedFunction& function,
                       const std::optional<std::vector<goinspect::StackObject>>& stack_objects)
    : has_objects_(stack_objects.has_value()), lowest_address_(std::numeric_limits<int64_t>::max()) {
  if (has_objects_) {
    objects_ = *stack_objects;
  }
  for (size_t i = 0; i < function.instructions().size(); ++i) {
    const Instruction& instruction = function.instructions()[i];
    const int64_t entry_off = instruction.disp - function.DepthAt(i);
    if (instruction.effect == Effect::kFrameAddress) {
      lowest_address_ = std::min(lowest_address_, entry_off);
    } else if (instruction.store == Store::kFrame) {
      for (int64_t word = 0; word + kWordBytes <= instruction.store_bytes; word += kWordBytes) {
        stores_.push_back({entry_off + word, i});
      }
    }
  }
  std::stable_sort(stores_.begin(), stores_.end());
}

std::span<const FrameSlots::NamedStore> FrameSlots::StoresTo(int64_t entry_off) const {
  const auto [begin, end] = std::equal_range(stores_.begin(), stores_.end(), NamedStore{entry_off, 0});
  return {begin, end};
}

bool FrameSlots::IsPrivate(int64_t entry_off) const {
  if (StoresTo(entry_off).empty()) {
    return false;
  }
  if (!has_objects_) {
    // A pointer leads to the beginning of a variable or into it, so what contains the slot begins at or below it.
    return entry_off < lowest_address_;
  }
  return std::none_of(objects_.begin(), objects_.end(), [entry_off](const goinspect::StackObject& object) {
    return object.entry_sp_off < entry_off + kWordBytes && entry_off < object.entry_sp_off + object.size_bytes;
  });
}

bool FrameSlots::MayBeHit(const DecodedFunction& function, size_t index, int64_t entry_off) const {
  const std::span<const Instruction> instructions = function.instructions();
  if (!instructions[index].has_base) {
    return true;
  }
  const bool is_private = IsPrivate(entry_off);
  struct Step {
    size_t index;
    Reg reg;
  };
  std::vector<Step> pending = {{index, instructions[index].base}};
  for (int steps = 0; !pending.empty(); ++steps) {
    const Step step = pending.back();
    pending.pop_back();
    if (steps == kMaxPointerSteps) {
      return !is_private;
    }
    if (step.index == 0) {
      continue;  // an argument in its register
    }
    for (const DecodedFunction::Edge& edge : function.EdgesInto(step.index)) {
      pending.push_back({edge.source, step.reg});
    }
    const size_t previous = step.index - 1;
    const Instruction& instruction = instructions[previous];
    if (!instruction.FallsThrough()) {
      continue;
    }
    if (instruction.flow == Flow::kCall && instruction.callee == CalleeKind::kWriteBarrier && step.reg == kR11) {
      continue;  // the buffer
    }
    if (instruction.effect == Effect::kFrameAddress && instruction.reg == step.reg) {
      if (instruction.disp - function.DepthAt(previous) <= entry_off) {
        return true;
      }
      continue;
    }
    Location pointer = Location::Register(step.reg);
    if (!FollowRegister(instruction, function.DepthAt(previous), pointer)) {
      if (!is_private) {
        return true;
      }
    } else if (pointer.kind == Location::Kind::kRegister) {
      pending.push_back({previous, static_cast<Reg>(pointer.value)});
    } else if (pointer.kind == Location::Kind::kSlot && pointer.value < kWordBytes && !is_private) {
      // Not one of the slots above the return address, which are kept for arguments: any value ever stored there.
      if (!IsPrivate(pointer.value)) {
        return true;
      }
      for (const NamedStore& store : StoresTo(pointer.value)) {
        const Instruction& stored = instructions[store.index];
        if (stored.effect == Effect::kStoreRegister) {
          pending.push_back({store.index, stored.source});
        } else if (stored.effect != Effect::kStoreConstant) {
          return true;
        }
      }
    }
  }
  return false;
}

bool FollowBack(const DecodedFunction& function, const FrameSlots& slots, size_t index, Location& location) {
  const Instruction& instruction = function.instructions()[index];
  switch (location.kind) {
    case Location::Kind::kRegister: return FollowRegister(instruction, function.DepthAt(index), location);
    case Location::Kind::kSlot: return FollowSlot(function, slots, index, location);
    case Location::Kind::kConstant:
    case Location::Kind::kAddress: return true;
    case Location::Kind::kMemory: return KeepsMemory(function, index);
  }
  return false;
}

}  // namespace nodespan::attach
