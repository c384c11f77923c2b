// SPDX-License-Identifier: Apache-2.0
// Exceptions whose spans have not ended yet, by the spans' ids.
//
// A panic is reported when it happens, and its span when the operation has ended, later in the same ring. Limits: the
// oldest exceptions make room for new ones, so that those of operations that never end do not add up; a span has
// kMaxPerSpan of them, further ones are counted in it as dropped.
// Thread: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "model/span.h"

namespace nodespan::spans {

class PendingExceptions {
 public:
  static constexpr size_t kMax = 256;
  static constexpr size_t kMaxPerSpan = 8;

  // Returns how many others had to make room.
  size_t Add(const model::SpanId& span_id, model::SpanEvent exception);

  // Gives the span with that id what belongs to it. If a panic has ended its operation, that becomes its status
  // message.
  void MoveTo(const model::SpanId& span_id, model::Span& span);

  size_t size() const { return pending_.size(); }

 private:
  struct Pending {
    model::SpanId span_id;
    model::SpanEvent exception;
  };
  std::deque<Pending> pending_;  // oldest first
};

}  // namespace nodespan::spans
