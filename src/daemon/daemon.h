// SPDX-License-Identifier: Apache-2.0
// Daemon wires everything together and runs until it is told to stop.
//
// Threads: the caller's becomes the control thread (discovery, attach, signals, timers); reader (ring to spans),
// inspect (reading executables), detach (closing links), pods (API server or container runtime), http and one per
// exporter are started here.
#pragma once

#include "absl/status/status.h"
#include "config/config.h"

namespace nodespan::daemon {

// Runs until SIGINT or SIGTERM, then detaches, exports what is left, and says in one line what became of the spans.
// kPermissionDenied: a capability is missing, named in the message. Other errors: why tracing cannot start here.
absl::Status RunDaemon(const config::Config& config);

}  // namespace nodespan::daemon
