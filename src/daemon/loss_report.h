// SPDX-License-Identifier: Apache-2.0
// What became of all operations: the last lines of the daemon, and the place where every loss is added up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attach/tracer_object.h"
#include "metrics/counters.h"

namespace nodespan::daemon {

using NamedCount = std::pair<std::string_view, uint64_t>;  // constants as names

// Every reason why an operation has no delivered span. Each count is one operation.
std::vector<NamedCount> Losses(const metrics::Counters& counters, const attach::KernelCounters& kernel);

// What spans lack, or what is not known about them.
std::vector<NamedCount> Details(const metrics::Counters& counters, const attach::KernelCounters& kernel);

// "spans: exported=120 lost=3 (ring_full=1 export_queue=2) unsampled=0"; only reasons that occurred are named.
std::string LossReport(const metrics::Counters& counters, const attach::KernelCounters& kernel);

// "field_unreadable=2 root_unknown=7": what spans lack, or what is not known about them. Empty when there is nothing.
std::string DetailReport(const metrics::Counters& counters, const attach::KernelCounters& kernel);

}  // namespace nodespan::daemon
