// SPDX-License-Identifier: Apache-2.0
// Tells what the direct calls of a Go binary lead to: the few functions of its runtime that do not behave like calls.
#pragma once

#include <string_view>

#include "attach/control_flow.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// `binary` must outlive the result. Remembers what it was asked: one thread at a time, as GoBinary.
ClassifyCallee GoCallees(const goinspect::GoBinary& binary);

// By the function's name: "runtime.gopanic" never returns.
CalleeKind CalleeKindOf(std::string_view function_name);

}  // namespace nodespan::attach
