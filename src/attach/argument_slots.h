// SPDX-License-Identifier: Apache-2.0
// Which arguments of a Go function are certainly in memory while it calls others.
//
// A function that needs its register arguments later keeps each in a slot above its return address that is meant for it
// alone (Go's cmd/compile/abi-internal.md, "spill space"). Where that happens before anything is called, and nothing
// else is ever put there, a probe in a callee can read the argument. A proof over machine code, as in end_sites.h. Pure
// function, any thread; amd64 only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "attach/control_flow.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Bit k: while the function calls anything but the growing of its stack, word k of its arguments is 8 + 8 * k bytes
// above the stack pointer that it was entered with, 16 + 8 * k above its frame pointer. `stack_objects`: see
// EndSiteOptions. kUnimplemented: arm64, or code that is not understood.
absl::StatusOr<uint16_t> FindArgumentSlots(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch,
                                           const std::optional<std::vector<goinspect::StackObject>>& stack_objects,
                                           const ClassifyCallee& callees);

// The same for one word of which the caller knows the place, where others before it are smaller than 8 bytes: whether
// word `word` is `slot_off` bytes above the stack pointer that the function was entered with.
absl::StatusOr<bool> IsArgumentKept(std::span<const uint8_t> code, uint64_t vaddr, goinspect::Arch arch,
                                    const std::optional<std::vector<goinspect::StackObject>>& stack_objects,
                                    const ClassifyCallee& callees, int word, int32_t slot_off);

}  // namespace nodespan::attach
