// SPDX-License-Identifier: Apache-2.0
// How long to wait before the next try: exponential with jitter, so that the nodes of a cluster do not return together.
//
// Thread: one.
#pragma once

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/time/time.h"

namespace nodespan::k8s {

class Backoff {
 public:
  struct Options {
    absl::Duration initial = absl::Milliseconds(200);
    // The state of the pods is wrong for so long after the other side is back.
    absl::Duration max = absl::Seconds(8);
    double factor = 2.0;
  };

  // `random` gives a number in [0, 1).
  Backoff(const Options& options, std::function<double()> random)
      : options_(options), random_(std::move(random)), interval_(options.initial) {}

  // Between half of the current interval and all of it; the interval then grows.
  absl::Duration Next() {
    const absl::Duration wait = interval_ * (0.5 + random_() / 2);
    interval_ = std::min(interval_ * options_.factor, options_.max);
    return wait;
  }

  void Reset() { interval_ = options_.initial; }

 private:
  const Options options_;
  const std::function<double()> random_;
  absl::Duration interval_;
};

}  // namespace nodespan::k8s
