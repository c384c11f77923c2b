// SPDX-License-Identifier: Apache-2.0
// Parsers of the text files in /proc/PID. Formats: proc(5), fs/proc/array.c and fs/proc/task_mmu.c of Linux.
//
// Pure functions over untrusted text: names in it (comm, paths) are chosen by the traced program. kDataLoss says what
// does not fit the format.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace nodespan::procfs {

// /proc/PID/stat, as far as it is used.
struct ProcessStat {
  std::string comm;  // any bytes, also ')' and spaces
  char state = '?';  // R, S, D, T, t, Z, X, I, ...
  pid_t parent_pid = 0;
  uint32_t flags = 0;             // PF_*
  uint64_t start_time_ticks = 0;  // after boot, in units of 1 / sysconf(_SC_CLK_TCK)
  // Where the kernel put the initial stack at the last execve: chosen anew each time, so a change tells of an execve
  // even of the same file. 0 without the right to inspect the process.
  uint64_t start_stack = 0;

  // A thread of the kernel: has no executable.
  bool is_kernel_thread() const;
  // The main thread is past the point from which it runs no more user code: exiting, zombie or dead.
  bool is_exiting() const;
};
absl::StatusOr<ProcessStat> ParseStat(std::string_view text);

// /proc/PID/status, as far as it is used.
struct ProcessStatus {
  uid_t effective_uid = 0;
  // The id of the process in each pid namespace from the reader's (first) to its own (last). Never empty: on a kernel
  // without pid namespaces it is the pid alone.
  std::vector<pid_t> namespace_pids;

  // The id by which the process knows itself.
  pid_t vpid() const { return namespace_pids.back(); }
};
absl::StatusOr<ProcessStatus> ParseStatus(std::string_view text);

// One line of /proc/PID/maps.
struct MapsEntry {
  uint64_t start_addr = 0;
  uint64_t end_addr = 0;
  bool is_executable = false;
  uint64_t file_off = 0;
  uint32_t dev_major = 0;
  uint32_t dev_minor = 0;
  uint64_t ino = 0;       // 0: anonymous
  std::string_view path;  // as printed, with " (deleted)"; empty for anonymous memory. Points into the parsed text.
};
absl::StatusOr<std::vector<MapsEntry>> ParseMaps(std::string_view text);

// /proc/PID/environ reduced to the variables whose name begins with one of `name_prefixes`; of two equal names the
// first counts, as in Go's os.Getenv. Entries without '=' are passed over.
std::map<std::string, std::string, std::less<>> ParseEnviron(std::string_view text,
                                                             std::initializer_list<std::string_view> name_prefixes);

// /proc/PID/cmdline.
std::vector<std::string> ParseCmdline(std::string_view text);

}  // namespace nodespan::procfs
