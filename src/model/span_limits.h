// SPDX-License-Identifier: Apache-2.0
// How much a span has at most, with the defaults of the OpenTelemetry SDKs (SPEC section 1.2). What is beyond is
// counted in the span as dropped. Resources have no limits.
#pragma once

#include <cstddef>
#include <optional>

namespace nodespan::model {

// No count is larger: programs choose their own limits, and what nodespan keeps of them is bounded.
inline constexpr size_t kMaxCountLimit = 1024;

struct SpanLimits {
  size_t attribute_count = 128;
  size_t event_count = 128;
  size_t link_count = 128;
  size_t event_attribute_count = 128;  // of each event
  size_t link_attribute_count = 128;   // of each link
  // Characters of a text in any of these attributes, also in a list; absent: no limit.
  std::optional<size_t> value_length;

  bool operator==(const SpanLimits&) const = default;
};

}  // namespace nodespan::model
