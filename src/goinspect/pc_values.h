// SPDX-License-Identifier: Apache-2.0
// pcvalue tables: what the compiler says about each instruction of a function, such as its line.
//
// A table is a run of pairs: by how much the value changes (zigzag varint), and for how many instruction units it then
// holds (varint). It begins at value -1 and ends with a change of zero. Source: Go's runtime/symtab.go (pcvalue, step).
// Thread: pure functions. Bad input: a table that does not end in the bytes given has no value behind what can be read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "absl/functional/function_ref.h"

namespace nodespan::goinspect {

struct PcValueRange {
  uint64_t begin_off = 0;  // from the function's first instruction
  uint64_t end_off = 0;
  int32_t value = 0;
};

enum class PcValueEnd : uint8_t {
  kEnded,      // all ranges were visited
  kStopped,    // `visit` returned false
  kTruncated,  // the bytes ended before the table did
};

// Calls `visit` with each range of the table at the beginning of `table`, in order. `instruction_bytes`: the unit in
// which the table counts, 1 on amd64 and 4 on arm64.
PcValueEnd ForEachPcValue(std::span<const uint8_t> table, uint32_t instruction_bytes,
                          absl::FunctionRef<bool(const PcValueRange&)> visit);

}  // namespace nodespan::goinspect
