// SPDX-License-Identifier: Apache-2.0
#include "spans/pending_exceptions.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "spans/exception_event.h"

namespace nodespan::spans {
namespace {

const std::string* TextOf(const std::vector<model::Attribute>& attributes, std::string_view key) {
  const auto it = std::find_if(attributes.begin(), attributes.end(),
                               [key](const model::Attribute& attribute) { return attribute.key == key; });
  return it == attributes.end() ? nullptr : std::get_if<std::string>(&it->value);
}

// Whether the operation ended because of a panic: the builders of all kinds of spans say so in these words.
bool EndedByPanic(const model::Span& span) {
  const std::string* type = TextOf(span.attributes, "error.type");
  return span.status == model::StatusCode::kError &&
         ((type != nullptr && *type == "panic") || span.status_message == kDidNotReturn);
}

}  // namespace

size_t PendingExceptions::Add(const model::SpanId& span_id, model::SpanEvent exception) {
  pending_.push_back({span_id, std::move(exception)});
  if (pending_.size() <= kMax) {
    return 0;
  }
  pending_.pop_front();
  return 1;
}

void PendingExceptions::MoveTo(const model::SpanId& span_id, model::Span& span) {
  if (pending_.empty()) {
    return;  // nearly always
  }
  for (Pending& pending : pending_) {
    if (pending.span_id != span_id) {
      continue;
    }
    if (span.events.size() < kMaxPerSpan) {
      span.events.push_back(std::move(pending.exception));
    } else {
      ++span.dropped_events_count;
    }
  }
  std::erase_if(pending_, [&](const Pending& pending) { return pending.span_id == span_id; });
  if (!span.events.empty() && EndedByPanic(span)) {
    const std::vector<model::Attribute>& last = span.events.back().attributes;
    const std::string* text = TextOf(last, kExceptionMessage);
    if (text == nullptr) {
      text = TextOf(last, kExceptionType);
    }
    if (text != nullptr) {
      span.status_message = "panic: " + *text;
    }
  }
}

}  // namespace nodespan::spans
