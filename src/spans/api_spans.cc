// SPDX-License-Identifier: Apache-2.0
#include "spans/api_spans.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "spans/api_items.h"
#include "spans/encoded_span.h"
#include "spans/exception_event.h"
#include "spans/go_error.h"
#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

using events::ApiAction;
using events::ApiEvent;
using events::ApiItem;
using metrics::Counter;

// Counts a span even when there is next to nothing in its records.
constexpr size_t kSpanBytes = 256;

size_t BytesOf(const ApiEvent& event) { return event.text.text.size() + event.body.text.size(); }

void SetAttributes(const std::vector<ApiItem>& items, bool items_cut, size_t max_count, SpanStorage& storage,
                   std::vector<model::Attribute>& attributes, uint32_t& dropped) {
  for (const ApiItem& item : items) {
    SetAttribute(item, max_count, storage, attributes, dropped);
  }
  dropped += items_cut ? 1 : 0;  // How many there were is not known.
}

// The last time that the options of a call choose; 0: none.
uint64_t ChosenTime(const std::vector<ApiItem>& items) {
  uint64_t time_unix_ns = 0;
  for (const ApiItem& item : items) {
    if (item.kind == ApiItem::Kind::kTimestamp) {
      time_unix_ns = UnixTimeOf(item);
    }
  }
  return time_unix_ns;
}

// codes.Code: of two statuses the one with the higher number stays (otel/codes/codes.go; SDK, recordingSpan.SetStatus).
void SetStatus(const ApiEvent& event, model::Span& span) {
  constexpr uint32_t kError = 1;
  constexpr uint32_t kOk = 2;
  if (event.number == kOk) {
    span.status = model::StatusCode::kOk;
    span.status_message.clear();
  } else if (event.number == kError && span.status != model::StatusCode::kOk) {
    span.status = model::StatusCode::kError;
    span.status_message = Clean(event.text);
  }
}

void AddException(const ApiEvent& event, const TargetInfo& target, std::vector<model::Attribute>& attributes) {
  std::string type;
  if (event.error_type_vaddr.has_value()) {
    type = GoErrorType(target.types.get(), *event.error_type_vaddr);
    attributes.push_back({kExceptionType, type});
  }
  if (std::string message = GoErrorMessage(type, Clean(event.text)); !message.empty()) {
    attributes.push_back({kExceptionMessage, std::move(message)});
  }
}

}  // namespace

absl::StatusOr<std::optional<model::Span>> ApiSpans::Take(const ApiEvent& event, const TargetInfo& target,
                                                          const WallClock& clock) {
  if (event.action == ApiAction::kEncoded) {
    return Decode(event, target, clock);
  }
  if (event.action == ApiAction::kBegin) {
    Begin(event, clock);
  }
  const auto found = open_.find(event.header.span_id);
  if (found == open_.end()) {
    // Its start was lost, or it was given up.
    return std::nullopt;
  }
  const Queue::iterator open = found->second;
  NODESPAN_RETURN_IF_ERROR(Apply(event, target, clock, *open));
  open->bytes += BytesOf(event);
  open_bytes_ += BytesOf(event);
  if (event.action == ApiAction::kEnd) {
    return Finish(open, target);
  }
  MakeRoom();
  return std::nullopt;
}

void ApiSpans::Begin(const ApiEvent& event, const WallClock& clock) {
  queue_.push_back({{event.header.target_slot, event.header.target_generation},
                    event.header.span_id,
                    {},
                    std::make_shared<SpanStorage>(),
                    kSpanBytes});
  const Queue::iterator open = std::prev(queue_.end());
  if (const auto [known, inserted] = open_.try_emplace(event.header.span_id, open); !inserted) {
    Drop(std::exchange(known->second, open));
  }
  open_bytes_ += open->bytes;
  model::Span& span = open->span;
  CopyIdentity(event.header, clock, span);
  span.name = Clean(event.text);
  auto scope = scopes_.Get({.name = Clean(event.tracer), .version = {}, .schema_url = {}});
  span.scope = &scope->scope;
  open->storage->Keep(std::move(scope));
}

absl::Status ApiSpans::Apply(const ApiEvent& event, const TargetInfo& target, const WallClock& clock, Open& open) {
  NODESPAN_ASSIGN_OR_RETURN(const std::vector<ApiItem> items, events::ReadApiItems(event.body.text));
  const model::SpanLimits& limits = target.options.limits;
  model::Span& span = open.span;
  const uint64_t chosen_time = ChosenTime(items);
  switch (event.action) {
    case ApiAction::kBegin:
      for (const ApiItem& item : items) {
        if (item.kind == ApiItem::Kind::kSpanKind) {
          span.kind = SpanKindOf(item);
        } else if (item.kind == ApiItem::Kind::kLink) {
          AddLink(item, limits.link_count, span);
        }
      }
      if (chosen_time != 0) {
        span.start_unix_ns = chosen_time;
      }
      SetAttributes(items, event.items_cut, limits.attribute_count, *open.storage, span.attributes,
                    span.dropped_attributes_count);
      break;
    case ApiAction::kAttributes:
      SetAttributes(items, event.items_cut, limits.attribute_count, *open.storage, span.attributes,
                    span.dropped_attributes_count);
      break;
    case ApiAction::kStatus: SetStatus(event, span); break;
    case ApiAction::kName: span.name = Clean(event.text); break;
    case ApiAction::kEvent:
    case ApiAction::kError: {
      if (span.events.size() >= limits.event_count) {
        ++span.dropped_events_count;
        break;
      }
      model::SpanEvent& added = span.events.emplace_back();
      added.time_unix_ns = chosen_time != 0 ? chosen_time : clock.ToUnixNs(event.header.end_mono_ns);
      SetAttributes(items, event.items_cut, limits.event_attribute_count, *open.storage, added.attributes,
                    added.dropped_attributes_count);
      if (event.action == ApiAction::kError) {
        added.name = kExceptionEvent;
        AddException(event, target, added.attributes);
      } else {
        added.name = Clean(event.text);
      }
      break;
    }
    case ApiAction::kEnd:
      span.end_unix_ns = chosen_time != 0 ? chosen_time : clock.ToUnixNs(event.header.end_mono_ns);
      span.end_unix_ns = std::max(span.end_unix_ns, span.start_unix_ns);
      break;
    case ApiAction::kEncoded: break;  // Never here.
  }
  return absl::OkStatus();
}

model::Span ApiSpans::Finish(Queue::iterator open, const TargetInfo& target) {
  model::Span span = std::move(open->span);
  span.resource = target.resource;
  span.storage = std::move(open->storage);
  Drop(open);
  open_.erase(span.span_id);
  return span;
}

absl::StatusOr<std::optional<model::Span>> ApiSpans::Decode(const ApiEvent& event, const TargetInfo& target,
                                                            const WallClock& clock) {
  model::Span span;
  ScopeName name;
  auto storage = std::make_shared<SpanStorage>();
  CopyIdentity(event.header, clock, span);
  NODESPAN_RETURN_IF_ERROR(
      ReadEncodedSpan(event.body.text, event.body.cut, target.options.limits, *storage, &name, span));
  auto scope = scopes_.Get(name);
  span.scope = &scope->scope;
  storage->Keep(std::move(scope));
  span.storage = std::move(storage);
  span.resource = target.resource;
  return span;
}

void ApiSpans::Drop(Queue::iterator open) {
  open_bytes_ -= open->bytes;
  queue_.erase(open);
}

void ApiSpans::MakeRoom() {
  while (open_.size() > kMaxOpenSpans || open_bytes_ > kMaxOpenBytes) {
    open_.erase(queue_.front().id);
    Drop(queue_.begin());
    counters_->Add(Counter::kApiSpansAbandoned);
  }
}

void ApiSpans::Forget(absl::FunctionRef<bool(TargetKey)> is_traced) {
  for (auto open = queue_.begin(); open != queue_.end();) {
    const auto next = std::next(open);
    if (!is_traced(open->target)) {
      open_.erase(open->id);
      Drop(open);
      counters_->Add(Counter::kApiSpansAbandoned);
    }
    open = next;
  }
}

}  // namespace nodespan::spans
