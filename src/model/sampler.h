// SPDX-License-Identifier: Apache-2.0
// Head sampling as OTEL_TRACES_SAMPLER describes it (SPEC section 1.4). The decision itself is made in the kernel.
#pragma once

#include <cstdint>

namespace nodespan::model {

enum class RootSampler : uint8_t { kAlwaysOn, kAlwaysOff, kTraceIdRatio };

struct Sampler {
  RootSampler root = RootSampler::kAlwaysOn;
  bool parent_based = true;
  double ratio = 1.0;  // In [0, 1]; used by kTraceIdRatio only.

  bool operator==(const Sampler&) const = default;
};

// The Go SDK's TraceIDRatioBased: sampled when (big-endian trace_id[8..15] >> 1) < threshold.
// ratio >= 1 gives 2^63, which every value is below; ratio <= 0 gives 0.
// Source: go.opentelemetry.io/otel/sdk/trace, sampling.go, TraceIDRatioBased.
uint64_t TraceIdRatioThreshold(double ratio);

}  // namespace nodespan::model
