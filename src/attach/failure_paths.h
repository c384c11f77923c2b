// SPDX-License-Identifier: Apache-2.0
// Tells whether a return of a Go function is reached by failed operations only, so that a dear probe may sit on it.
//
// Internal to attach. Pure; bounded by its own step count, past which the answer is no.
#pragma once

#include <cstddef>
#include <optional>

#include "attach/control_flow.h"
#include "attach/value_flow.h"

namespace nodespan::attach {

class FailurePaths {
 public:
  // Both must outlive this.
  FailurePaths(const DecodedFunction& function, const FrameSlots& slots) : function_(function), slots_(slots) {}

  // True when on every path to instruction `index`, where the error word is at `error`, the error is known not to be
  // zero: it is the address of something, or a branch has tested it; or it is a variable of the program, as in `return
  // io.EOF`, and nobody keeps nil in those; or it comes from a call and `first_result`, the word that carries what the
  // caller wants, is zero, as in `return nil, err`.
  bool OnlyFailures(size_t index, const Location& error, const std::optional<Location>& first_result);

 private:
  const DecodedFunction& function_;
  const FrameSlots& slots_;
  size_t steps_ = 0;  // of all calls
};

}  // namespace nodespan::attach
