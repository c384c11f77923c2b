// SPDX-License-Identifier: Apache-2.0
#include "model/sampler.h"

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

}  // namespace nodespan::model
