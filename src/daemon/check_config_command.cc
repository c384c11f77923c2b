// SPDX-License-Identifier: Apache-2.0
#include "daemon/check_config_command.h"

#include "base/status_macros.h"
#include "daemon/exporters.h"
#include "daemon/pod_sources.h"
#include "metrics/counters.h"

namespace nodespan::daemon {

absl::Status CheckConfig(const config::Config& config) {
  NODESPAN_RETURN_IF_ERROR(ParsePodSelector(config.pods).status());
  NODESPAN_RETURN_IF_ERROR(ResolvePodSource(config).status());
  metrics::Counters counters;
  return MakeBatchProcessor(config, &counters).status();
}

}  // namespace nodespan::daemon
