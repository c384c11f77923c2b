// SPDX-License-Identifier: Apache-2.0
// The way from a net.Conn to the address of its peer, for every library that has one at hand.
#pragma once

#include "absl/status/status.h"
#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::attach {

// Fills `peer` and notes what it uses; on an error nothing of both changes. Connections under TLS are left out where
// the binary has none.
absl::Status PlanConnectionPeer(const goinspect::GoBinary& binary, ns_peer_params* peer, LibraryPlan* plan);

}  // namespace nodespan::attach
