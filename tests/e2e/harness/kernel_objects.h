// SPDX-License-Identifier: Apache-2.0
// The BPF programs, maps and links that one process holds, seen from outside: by /proc/PID/fdinfo and by kernel ids.
// Going by the process and not by names, other tracers on the machine do not matter.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace nodespan::e2e {

struct KernelObjects {
  std::vector<uint32_t> program_ids;
  std::vector<uint32_t> map_ids;
  std::vector<uint32_t> link_ids;

  size_t count() const { return program_ids.size() + map_ids.size() + link_ids.size(); }
};

KernelObjects KernelObjectsOf(pid_t pid);

// Those of `objects` that still exist after `patience`, as text; empty: all are gone. The kernel frees them a little
// after the last descriptor was closed.
std::string WaitUntilGone(const KernelObjects& objects, std::chrono::milliseconds patience);

// Number of open descriptors of a process.
size_t CountDescriptors(pid_t pid);

// Makes the kernel count how often each BPF program runs, for as long as it is held. Not valid: refused.
base::UniqueFd EnableRunCounts();

// How often the program with this function name ran, of those with the given ids. Nothing: there is no such program.
std::optional<uint64_t> RunCount(const std::vector<uint32_t>& program_ids, std::string_view function);

}  // namespace nodespan::e2e
