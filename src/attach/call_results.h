// SPDX-License-Identifier: Apache-2.0
// Finds where the results of one call in a Go function can be probed cheaply: at the first instruction behind it that
// the kernel emulates, when that is on the straight way and the results are still in their registers.
//
// Some functions have no cheap end of their own, but whoever calls them looks at the result at once. As in end_sites.h,
// everything is a proof over machine code. Pure functions, any thread; amd64 only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "attach/control_flow.h"
#include "attach/end_sites.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

struct CallResultsOptions {
  std::vector<int> results;     // words of the callee's results that are needed, by position among the registers
  std::optional<int> argument;  // a word of the caller's arguments to it that is needed as well
  // GoBinary::StackObjects of the calling function; see EndSiteOptions.
  std::optional<std::vector<goinspect::StackObject>> stack_objects;
};

struct CallResults {
  uint64_t function_off = 0;           // of the instruction, from the function's first one
  std::string instruction;             // "je 0x5012f0"
  std::vector<ValueLocation> results;  // one per wanted word
  std::optional<ValueLocation> argument;
};

// kNotFound: there is no call of `target_vaddr`, or more than one. kUnimplemented: it cannot be shown; the message says
// what was found.
absl::StatusOr<CallResults> FindCallResults(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch,
                                            uint64_t target_vaddr, const CallResultsOptions& options,
                                            const ClassifyCallee& callees);

// Where the closure that is being called keeps argument word `argument` of the only call of `target_vaddr` in its code:
// bytes from the closure's beginning. The same errors.
absl::StatusOr<uint16_t> FindCapturedArgument(std::span<const uint8_t> code, goinspect::Arch arch, uint64_t vaddr,
                                              uint64_t target_vaddr, int argument);

// Where direct calls and jumps of the code lead to outside of itself, each once, in the order of the code.
std::vector<uint64_t> DirectTargets(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch);

}  // namespace nodespan::attach
