// SPDX-License-Identifier: Apache-2.0
// A panic becomes a span event "exception" (semantic conventions, "exceptions on spans").
//
//   exception.type        the type of the value: "*errors.errorString", "runtime.boundsError", "string"
//   exception.message     the value: strings and numbers, errors that hold their text as a string, and the runtime's
//   own
//                         errors, in the words that the runtime has for them. Left out for every other type: what its
//                         Error method would say is not known
//   exception.stacktrace  like Go's own: the function that panicked first, inlined calls included
//
// exception.escaped is deprecated and not emitted. http.ErrAbortHandler is no exception: net/http's way to abort an
// answer silently.
// Thread: pure functions; the symbols those of the reader thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/panic_event.h"
#include "model/code_symbols.h"
#include "model/span.h"
#include "spans/wall_clock.h"

namespace nodespan::spans {

// What the status of a server span says as long as nothing more is known.
inline constexpr std::string_view kDidNotReturn = "handler did not return: it panicked or aborted";

inline constexpr std::string_view kExceptionEvent = "exception";
inline constexpr std::string_view kExceptionType = "exception.type";
inline constexpr std::string_view kExceptionMessage = "exception.message";
inline constexpr std::string_view kExceptionStacktrace = "exception.stacktrace";

// `symbols` may be null: then neither the type nor the functions have names. Nullopt: no exception, see above.
std::optional<model::SpanEvent> BuildExceptionEvent(const events::PanicEvent& event, model::CodeSymbols* symbols,
                                                    const WallClock& clock);

// What the value of that type says; nullopt: not known.
std::optional<std::string> PanicMessage(const events::PanicEvent& event, const model::CodeType& type);

// As text: two lines for each function. What only the runtime's part in a panic is, is left out at the top.
std::string StackText(const std::vector<model::CodeLocation>& stack, std::optional<uint64_t> goroutine);

}  // namespace nodespan::spans
