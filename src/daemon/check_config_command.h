// SPDX-License-Identifier: Apache-2.0
// `nodespan --check-config`: would nodespan start with these settings?
#pragma once

#include "absl/status/status.h"
#include "config/config.h"

namespace nodespan::daemon {

// Goes through what a start checks before anything is loaded or attached: the selector of pods, whether there is
// anything to trace, exporters with their files. The error is the one that RunDaemon would give; warnings are logged as
// it would log them. Needs no privileges and changes nothing.
absl::Status CheckConfig(const config::Config& config);

}  // namespace nodespan::daemon
