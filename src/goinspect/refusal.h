// SPDX-License-Identifier: Apache-2.0
// Recognises executables that have to do with Go and cannot be inspected, so that the operator reads what is the matter
// instead of "not a Go executable".
#pragma once

#include <optional>
#include <span>

#include "absl/status/status.h"
#include "elf/headers.h"
#include "elf/image.h"
#include "goinspect/build_info.h"
#include "goinspect/pclntab.h"

namespace nodespan::goinspect {

// kUnimplemented when the file is packed by UPX. Looks at a few bytes.
absl::Status CheckNotPacked(const elf::Headers& headers, elf::ReadAt read_at);

// kUnimplemented when the file is a shared object that is no program of its own: a plugin, a C shared library.
absl::Status CheckIsExecutable(elf::Image& image, const std::optional<BuildInfo>& build_info);

// Why there is no usable function table among `headers` (empty, or of unsupported versions only).
absl::Status ExplainMissingFunctionTable(elf::Image& image, const std::optional<BuildInfo>& build_info,
                                         std::span<const PclntabHeader> headers, bool has_go_note);

}  // namespace nodespan::goinspect
