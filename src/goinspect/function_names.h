// SPDX-License-Identifier: Apache-2.0
// Goes over the names of a function table: those of all functions, and of what exists only inlined.
//
// Thread: that of the image. Bad input: a name without an end ends the walk, or one beyond kMaxFunctionNames.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "elf/image.h"
#include "goinspect/pclntab.h"

namespace nodespan::goinspect {

constexpr uint64_t kMaxFunctionNames = 2'000'000;  // a program of 100 MB has 200'000

// Calls `visit` with each name and its offset from the start of the names, in their order, without keeping the bytes in
// memory: a name is valid until `visit` returns. kDataLoss and kResourceExhausted when bytes cannot be read.
absl::Status ForEachFunctionName(elf::Image& image, const FunctionTableRanges& ranges,
                                 absl::FunctionRef<void(uint32_t off, std::string_view name)> visit);

}  // namespace nodespan::goinspect
