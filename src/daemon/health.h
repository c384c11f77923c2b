// SPDX-License-Identifier: Apache-2.0
// Whether the daemon's threads do their work.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "base/event_loop.h"
#include "daemon/record_reader_thread.h"

namespace nodespan::daemon {

// Empty: the control loop runs a task within `patience` and the reader has looked at the ring within the last 10 s.
// Otherwise what does not. Any thread but the loop's own.
std::string WhyNotAlive(base::EventLoop& loop, const RecordReaderThread& reader, absl::Duration patience);

}  // namespace nodespan::daemon
