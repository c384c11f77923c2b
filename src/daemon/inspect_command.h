// SPDX-License-Identifier: Apache-2.0
// `nodespan inspect`: what would be traced in a binary, where, with which offsets, what not and why.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "config/command_line.h"

namespace nodespan::daemon {

// The report as text, or as one JSON object. Needs no privileges for a file that can be read. An error is one sentence
// about why there is nothing to report.
absl::StatusOr<std::string> RunInspect(const config::InspectRequest& request);

}  // namespace nodespan::daemon
