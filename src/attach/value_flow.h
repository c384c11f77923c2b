// SPDX-License-Identifier: Apache-2.0
// Follows a value backwards through straight-line code: where was, before an instruction, what is here after it?
//
// Internal to attach. The frame's slots are named by their offset from the stack pointer at the function's entry, which
// does not change while the function runs. Pure functions; `function` must outlive a FrameSlots.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "attach/control_flow.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

struct Location {
  enum class Kind : uint8_t { kRegister, kSlot, kConstant, kAddress, kMemory };

  static Location Register(Reg reg) { return {Kind::kRegister, reg}; }
  static Location Slot(int64_t entry_off) { return {Kind::kSlot, entry_off}; }
  static Location Constant(int64_t value) { return {Kind::kConstant, value}; }
  static Location Address(int64_t vaddr) { return {Kind::kAddress, vaddr}; }
  static Location Memory(int64_t vaddr) { return {Kind::kMemory, vaddr}; }
  bool is_constant(int64_t wanted) const { return kind == Kind::kConstant && value == wanted; }
  auto operator<=>(const Location&) const = default;

  Kind kind = Kind::kRegister;
  int64_t value = 0;  // the Reg, offset from the stack pointer at entry, constant, or address as linked: itself, or
                      // that of the word
};

// Which slots of a frame can be written by something else than the stores that name them.
class FrameSlots {
 public:
  // `stack_objects` are the variables whose address is taken (GoBinary::StackObjects); without the list, every address
  // of the frame that the code computes is taken to be that of a variable of any size.
  FrameSlots(const DecodedFunction& function, const std::optional<std::vector<goinspect::StackObject>>& stack_objects);

  // A callee leaves it alone: the function keeps a value of its own there, and nobody else has a pointer to it.
  bool IsPrivate(int64_t entry_off) const;

  // The store through a pointer in instruction `index` may change the slot. It does not when the pointer, on every path
  // to the store, is an argument of the function or the write barrier's buffer, neither of which points into this
  // frame; of any other pointer it is known only that it does not lead to a private slot, unless it has been computed
  // here.
  bool MayBeHit(const DecodedFunction& function, size_t index, int64_t entry_off) const;

 private:
  struct NamedStore {
    int64_t entry_off;
    size_t index;
    bool operator<(const NamedStore& other) const { return entry_off < other.entry_off; }
  };
  std::span<const NamedStore> StoresTo(int64_t entry_off) const;

  bool has_objects_;
  std::vector<goinspect::StackObject> objects_;
  int64_t lowest_address_;          // computed anywhere in the function; the largest integer when none is
  std::vector<NamedStore> stores_;  // one per word, by offset
};

// Replaces `location`, which holds after instruction `index`, by where the same value is before it. False when it
// cannot be told: the instruction computes it, loads it from memory, or may change it. Branches change nothing.
bool FollowBack(const DecodedFunction& function, const FrameSlots& slots, size_t index, Location& location);

}  // namespace nodespan::attach
