// SPDX-License-Identifier: Apache-2.0
// Head sampling as OTEL_TRACES_SAMPLER describes it (SPEC section 1.4). The decision itself is made in the kernel.
#pragma once

#include <cstdint>

namespace nodespan::model {

enum class RootSampler : uint8_t { kAlwaysOn, kAlwaysOff, kTraceIdRatio, kConsistentProbability };

struct Sampler {
  RootSampler root = RootSampler::kAlwaysOn;
  bool parent_based = true;
  double ratio = 1.0;  // In [0, 1]; of those that have one.

  bool operator==(const Sampler&) const = default;
};

// Whether the sampler has a ratio.
constexpr bool HasRatio(RootSampler root) {
  return root == RootSampler::kTraceIdRatio || root == RootSampler::kConsistentProbability;
}

// The Go SDK's TraceIDRatioBased: sampled when (big-endian trace_id[8..15] >> 1) < threshold.
// ratio >= 1 gives 2^63, which every value is below; ratio <= 0 gives 0.
// Source: go.opentelemetry.io/otel/sdk/trace, sampling.go, TraceIDRatioBased.
uint64_t TraceIdRatioThreshold(double ratio);

// Consistent probability sampling: a trace is sampled when its 56-bit randomness is not below this; 2^56 (never) when
// the probability is less than 2^-56. The number has four significant hex digits, not counting the digits f or 0 that
// it begins with: it is written into the tracestate of each span, and decides exactly as written.
// Source: OpenTelemetry specification, "TraceState: Probability Sampling", rejection threshold and its precision.
uint64_t ConsistentThreshold(double probability);
inline constexpr uint64_t kConsistentNever = uint64_t{1} << 56;

}  // namespace nodespan::model
