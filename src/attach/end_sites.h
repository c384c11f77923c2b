// SPDX-License-Identifier: Apache-2.0
// Finds where the end of a Go function can be probed cheaply with its results readable.
//
// The kernel single-steps a probed `ret` on amd64 (12 us a hit in a VM) and emulates jumps, branches, direct calls,
// short nops and pushes (1 us). So an end is taken at the last emulated instruction before the `ret`, and the results
// are read from where the code between the two is going to take them. Three ways, for the planner to choose from:
//
//   FindEndSites             the last emulated instruction before each return; `ret` itself where only failures come by
//   FindDeferredResultSlots  the start of F's deferred closure, with the results in F's frame
//   FindCallSites            a direct call in F that is known to be the end of something
//
// On arm64 `ret` is simulated, so it is the site.
//
// Everything here is a proof over machine code: what cannot be shown is refused, with a Status that says what was
// found. Two things are taken from Go's calling convention: X15 is zero, and a callee writes to its caller's frame only
// through addresses it was given. Pure functions, any thread; bounded by DecodedFunction::kMaxFunctionBytes and linear
// in it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "attach/control_flow.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Where one machine word of a result is when the probe is hit.
struct ValueLocation {
  enum class Kind {
    kRegister,
    kStack,
    kConstant,
    kAddress,  // of something in the executable: an itab, or a static value. Never zero
    kMemory,   // a variable of the program
  };
  // Position in the order amd64 AX BX CX DI SI R8 R9 R10 R11 DX BP R12 R13 R15, arm64 X0 X1 .. .
  static constexpr int kAmd64Registers = 14;

  Kind kind = Kind::kRegister;
  int reg = 0;           // kRegister
  int32_t sp_off = 0;    // kStack: bytes from the stack pointer at the moment of the hit
  int32_t constant = 0;  // kConstant
  uint64_t vaddr = 0;    // kAddress, kMemory: as linked; add the load bias
  bool operator==(const ValueLocation&) const = default;
};

// That order. Arguments and results are passed in the first nine.
inline constexpr std::array<Reg, ValueLocation::kAmd64Registers> kResultRegisters = {
    kAx, kBx, kCx, kDi, kSi, kR8, kR9, kR10, kR11, kDx, kBp, kR12, kR13, kR15};

// Count only those hits of a conditional jump that go along this edge.
struct BranchEdge {
  uint8_t condition = 0;  // low nibble of the opcode: 4 je, 5 jne, ...
  bool taken = false;
  bool operator==(const BranchEdge&) const = default;
};

struct EndSite {
  enum class Kind { kCall, kJump, kConditionalJump, kNop, kPush, kReturn };
  Kind kind = Kind::kReturn;
  uint64_t function_off = 0;  // bytes from the function's first instruction
  std::string instruction;    // "jmp 0x5012f0"
  std::string why;            // one clause for `nodespan inspect`
  bool cold = false;          // every return that this site stands for is that of a failed operation
  // kConditionalJump: only hits along this edge count; absent: every hit does. The other edge may be a site of its own
  // at the same offset, with other locations.
  std::optional<BranchEdge> edge;
  int32_t frame_bytes = 0;  // from the stack pointer at the hit to the one that the function was entered with
  std::vector<ValueLocation> results;  // one per wanted word
};

struct EndSiteOptions {
  // Result words by position among the result registers: {0, 1, 2} for (*T, error).
  std::vector<int> wanted = {0};
  // Which element of `wanted` is the first word of the error, which is zero when the operation succeeded. Absent: no
  // return is cold.
  std::optional<size_t> error_word;
  enum class Returns {
    kAll,
    kErrorFromStack,  // only those that load the error word from a stack slot; the others are not ends
  };
  Returns returns = Returns::kAll;
  // Leave out the returns that FindDeferredResultSlots stands for: those that load the wanted words from the same slots
  // as after a recovered panic, right behind the call of a deferred closure.
  bool without_deferred = false;
  // Also take `ret` where the operation may have succeeded: 12 us for everyone.
  bool allow_hot_returns = false;
  // GoBinary::StackObjects of the function. Without them more is refused: every address in the frame that the code
  // computes could then be that of a variable of any size.
  std::optional<std::vector<goinspect::StackObject>> stack_objects;
};

// Sites that together are hit exactly once whenever the function returns (returns named in `options` apart, and those
// after a recovered panic, which lead through runtime.deferreturn). Not covered: calls that end in a panic. In order of
// offset, not empty. kUnimplemented: some return has no provable site; the message names it. kNotFound: the options
// leave no return to be found.
absl::StatusOr<std::vector<EndSite>> FindEndSites(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch,
                                                  const EndSiteOptions& options, const ClassifyCallee& callees);

// Where the results of a function with deferred calls are while these run: for each word of `wanted` the offset from
// the function's own stack pointer. At the first instruction of a deferred function, called from there (return address
// inside the function), the word is at sp + 8 + offset. amd64 only: kUnimplemented on arm64 and where it does not hold.
absl::StatusOr<std::vector<int32_t>> FindDeferredResultSlots(std::span<const uint8_t> code, uint64_t vaddr,
                                                             goinspect::Arch arch, std::span<const int> wanted,
                                                             const ClassifyCallee& callees);

// Offsets of the direct calls to `target_vaddr`; emulated on both architectures. Empty when there are none; up to the
// first bytes that are no instruction.
absl::StatusOr<std::vector<uint64_t>> FindCallSites(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch,
                                                    uint64_t target_vaddr);

}  // namespace nodespan::attach
