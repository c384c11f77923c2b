// SPDX-License-Identifier: Apache-2.0
// Follows a value backwards through straight-line code: where was, before an instruction, what is here after it?
//
// Internal to attach. The frame's slots are named by their offset from the stack pointer at the function's entry, which
// does not change while the function runs. Pure functions; `function` must outlive a FrameSlots.
#pragma once

#include <cstdint>
#include <vector>

#include "attach/control_flow.h"

namespace nodespan::attach {

struct Location {
  enum class Kind : uint8_t { kRegister, kSlot, kConstant, kAddress };

  static Location Register(Reg reg) { return {Kind::kRegister, reg}; }
  static Location Slot(int64_t entry_off) { return {Kind::kSlot, entry_off}; }
  static Location Constant(int64_t value) { return {Kind::kConstant, value}; }
  static Location Address(int64_t vaddr) { return {Kind::kAddress, vaddr}; }
  bool is_constant(int64_t wanted) const { return kind == Kind::kConstant && value == wanted; }
  auto operator<=>(const Location&) const = default;

  Kind kind = Kind::kRegister;
  int64_t value = 0;  // the Reg, offset from the stack pointer at entry, constant, or address as linked
};

// Which slots of a frame can be written by something else than the stores that name them.
class FrameSlots {
 public:
  explicit FrameSlots(const DecodedFunction& function);

  // A callee leaves it alone: the function keeps a value of its own there, and no pointer to it exists. Proof: the
  // function stores to the slot itself, and takes no address in its frame at or below the slot. (A pointer leads to the
  // beginning of a variable or into it, so a variable that contains the slot begins at or below it.)
  bool IsPrivate(int64_t entry_off) const;

 private:
  int64_t lowest_address_;        // taken anywhere in the function; the largest integer when none is
  std::vector<int64_t> stored_;   // offsets of the words that are stored to by name, in order
};

// Replaces `location`, which holds after instruction `index`, by where the same value is before it. False when it cannot
// be told: the instruction computes it, loads it from memory, or may change it. Branches change nothing.
bool FollowBack(const DecodedFunction& function, const FrameSlots& slots, size_t index, Location& location);

}  // namespace nodespan::attach
