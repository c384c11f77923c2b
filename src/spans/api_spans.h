// SPDX-License-Identifier: Apache-2.0
// Spans that programs make through the OpenTelemetry API: put together from the calls, finished by the one that ends
// them.
//
// Open spans are kept here until their end. A program may never end one, so there is a limit on their number and size,
// behind which the oldest are given up and counted (Counter::kApiSpansAbandoned).
// Thread: one (the reader).
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "events/record_reader.h"
#include "metrics/counters.h"
#include "model/span.h"
#include "spans/span_storage.h"
#include "spans/target_directory.h"
#include "spans/wall_clock.h"

namespace nodespan::spans {

class ApiSpans {
 public:
  // Of all programs together. The size is what records had; in memory it is two to four times as much.
  static constexpr size_t kMaxOpenSpans = 8192;
  static constexpr size_t kMaxOpenBytes = 4 << 20;

  // `counters` outlives this.
  explicit ApiSpans(metrics::Counters* counters) : counters_(counters) {}

  // Takes one call. The span, when this call ended it; kDataLoss when the record makes no sense.
  absl::StatusOr<std::optional<model::Span>> Take(const events::ApiEvent& event, const TargetInfo& target,
                                                  const WallClock& clock);

  // Gives up the open spans of programs that are not traced any more.
  void Forget(absl::FunctionRef<bool(TargetKey)> is_traced);

  size_t open_count() const { return open_.size(); }

 private:
  struct Open {
    TargetKey target;
    model::SpanId id;
    model::Span span;
    std::shared_ptr<SpanStorage> storage;
    size_t bytes = 0;
  };
  using Queue = std::list<Open>;  // by their start

  void Begin(const events::ApiEvent& event, const WallClock& clock);
  model::Span Finish(Queue::iterator open, const TargetInfo& target);
  absl::Status Apply(const events::ApiEvent& event, const TargetInfo& target, const WallClock& clock, Open& open);
  absl::StatusOr<std::optional<model::Span>> Decode(const events::ApiEvent& event, const TargetInfo& target,
                                                    const WallClock& clock);
  void Drop(Queue::iterator open);
  void MakeRoom();

  metrics::Counters* counters_;
  ScopeRegistry scopes_;
  Queue queue_;
  absl::flat_hash_map<model::SpanId, Queue::iterator> open_;
  size_t open_bytes_ = 0;
};

}  // namespace nodespan::spans
