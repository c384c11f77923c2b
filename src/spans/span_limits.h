// SPDX-License-Identifier: Apache-2.0
// How much a span has at most: the defaults of the OpenTelemetry SDKs (SPEC section 1.2). What is beyond is counted in
// the span as dropped.
#pragma once

#include <cstddef>

namespace nodespan::spans {

inline constexpr size_t kAttributeCountLimit = 128;  // of a span, an event or a link
inline constexpr size_t kEventCountLimit = 128;
inline constexpr size_t kLinkCountLimit = 128;

}  // namespace nodespan::spans
