// SPDX-License-Identifier: Apache-2.0
// Which variables in a function's frame have their address taken, as the compiler told the garbage collector.
//
// Source: Go's runtime/symtab.go (funcdata), runtime/stack.go (stackObjectRecord), runtime/stkframe.go (how the offsets
// count). All releases since 1.17 have the list under number 2; where the lists begin (moduledata.gofunc, since
// Go 1.18) is found by what they look like. Thread: one at a time. Bad input: a Status, in bounded time.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "elf/image.h"
#include "goinspect/go_binary.h"
#include "goinspect/moduledata.h"
#include "goinspect/pclntab.h"

namespace nodespan::goinspect {

// moduledata.gofunc, which function data count from; zero up to Go 1.17, where they are addresses. kUnimplemented when
// not exactly one word of moduledata can be it.
absl::StatusOr<uint64_t> FindFunctionDataBase(elf::Image& image, const FunctionTable& functions,
                                              const Moduledata& module);

// See GoBinary::StackObjects. amd64 only.
absl::StatusOr<std::vector<StackObject>> ReadStackObjects(elf::Image& image, const FunctionTable& functions,
                                                          const Moduledata& module, uint64_t function_data_base,
                                                          uint64_t function_vaddr);

}  // namespace nodespan::goinspect
