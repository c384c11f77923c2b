// SPDX-License-Identifier: Apache-2.0
#include "model/sampler.h"

#include <algorithm>
#include <cmath>

namespace nodespan::model {

uint64_t TraceIdRatioThreshold(double ratio) {
  constexpr uint64_t kAll = uint64_t{1} << 63;
  if (ratio >= 1.0) {
    return kAll;
  }
  if (!(ratio > 0.0)) {
    return 0;
  }
  return static_cast<uint64_t>(ratio * static_cast<double>(kAll));
}

uint64_t ConsistentThreshold(double probability) {
  constexpr int kDigits = 14, kSignificant = 4;
  const auto scaled =
      static_cast<uint64_t>(std::round(std::clamp(probability, 0.0, 1.0) * static_cast<double>(kConsistentNever)));
  const uint64_t exact = kConsistentNever - scaled;
  if (scaled == 0 || exact == 0) {
    return exact;
  }
  const auto digit = [exact](int place) { return exact >> (4 * (kDigits - 1 - place)) & 0xf; };
  int leading = 0;
  while (leading < kDigits && digit(leading) == digit(0) && (digit(0) == 0xf || digit(0) == 0)) {
    ++leading;
  }
  const int shift = 4 * std::max(kDigits - leading - kSignificant, 0);
  const uint64_t half = shift > 0 ? uint64_t{1} << (shift - 1) : 0;
  return (exact + half) >> shift << shift;
}

}  // namespace nodespan::model
