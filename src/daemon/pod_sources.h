// SPDX-License-Identifier: Apache-2.0
// From the options to the place that pods come from.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "k8s/label_selector.h"
#include "k8s/pod_source.h"
#include "metrics/counters.h"

namespace nodespan::daemon {

// What kAuto means here and now; anything else is itself. kInvalidArgument: there are no pods here, and nothing else is
// selected.
absl::StatusOr<config::PodSourceKind> ResolvePodSource(const config::Config& config);

// kInvalidArgument names the flag.
absl::StatusOr<k8s::LabelSelector> ParsePodSelector(const config::PodOptions& options);

// `options.source` is resolved. Null: none. kFailedPrecondition: the source that is asked for
// cannot be had in this environment; kInvalidArgument: an option is missing or wrong. Both name the fix. A source that
// is there and does not answer yet is no error. `counters` outlives the source.
absl::StatusOr<std::unique_ptr<k8s::PodSource>> StartPodSource(const config::PodOptions& options,
                                                               const k8s::LabelSelector& selector,
                                                               metrics::Counters* counters, k8s::PodsChanged on_change);

}  // namespace nodespan::daemon
