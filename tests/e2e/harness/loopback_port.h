// SPDX-License-Identifier: Apache-2.0
// Ports for servers that a test starts.
#pragma once

namespace nodespan::e2e {

// A TCP port of 127.0.0.1 that was free just now; 0 when there is none.
int FreeLoopbackPort();

// Whether something accepts connections there.
bool IsLoopbackPortOpen(int port);

}  // namespace nodespan::e2e
