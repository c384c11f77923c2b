// SPDX-License-Identifier: Apache-2.0
// Chooses the instruction of a function that a probe sits on.
//
// The kernel executes a probed instruction either by emulating it (about 1 us a hit) or by single-stepping a copy
// (12 us in a VM). Of what a Go function begins with it emulates `push %rbp` and the conditional branch of the stack
// check on amd64, and that branch (`b.ls`) on arm64 (arch/x86/kernel/uprobes.c branch_xol_ops and push_xol_ops;
// arch/arm64/kernel/probes/decode-insn.c). Function entries, `ret` and long nops are never chosen here.
//
// Pure functions of machine code; no state, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

enum class SiteKind {
  kPush,              // `push %rbp` behind the stack check: once per call
  kStackCheckBranch,  // the check's own branch: hit again after the stack has grown, which the program must drop
  kPanicCheckBranch,  // of a wrapper without stack check, which looks at g._panic instead: once per call
};

struct Site {
  SiteKind kind = SiteKind::kPush;
  uint64_t function_off = 0;  // bytes from the function's first instruction
  std::string instruction;    // "push rbp"
  std::string why;            // one clause for `nodespan inspect`
};

// True when the linked address is that of runtime.morestack or one of its variants.
using IsMorestack = std::function<bool(uint64_t vaddr)>;

// The site at which all argument registers still hold the arguments and the function has certainly begun.
// kUnimplemented: the code does not look like anything the Go compiler is known to make, and says what was found.
absl::StatusOr<Site> FindStartSite(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch,
                                   const IsMorestack& is_morestack);

// Whether the code has a direct call to the linked address `target_vaddr`.
bool Calls(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch, uint64_t target_vaddr);

}  // namespace nodespan::attach
