// SPDX-License-Identifier: Apache-2.0
// Attributes that say which code an operation ran: code.function.name, code.file.path and code.line.number of the
// semantic conventions (general, "source code attributes", stable since 1.33).
//
// They name the handler that a router chose, not the middlewares that it calls before it; of a handler that was wrapped
// before it was registered, the router knows only what it was wrapped in. Functions of libraries that hand a request on
// to a handler which they do not show (http.TimeoutHandler, http.StripPrefix, a router behind another one), or that
// answer because there is none, are not handlers: then there are no attributes, because the handler is not known.
// Thread: pure functions.
#pragma once

#include <vector>

#include "model/attribute.h"
#include "model/code_symbols.h"

namespace nodespan::spans {

// `handler`: what the router chose; may be null.
void AddHandler(const model::CodeLocation* handler, std::vector<model::Attribute>& attributes);

// Whether the function serves requests itself, as far as its name and file tell.
bool IsHandler(const model::CodeLocation& function);

}  // namespace nodespan::spans
