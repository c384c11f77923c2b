// SPDX-License-Identifier: Apache-2.0
// ProcessDir is one opened /proc/PID: everything read through it is about the process that had the pid when it was
// opened, never about a later one with the same number (the kernel ties the directory to the process, not to the pid).
// An execve in between does change what is read; key() stays.
//
// Thread: immutable; use from any thread. The descriptor is close-on-exec and kept as long as the object.
// Errors of all methods: kNotFound the process has ended, which is normal; kPermissionDenied reading it needs
// CAP_SYS_PTRACE; kDataLoss the text is not what the kernel writes; kResourceExhausted it exceeds the limit named here.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "model/process_key.h"
#include "procfs/file_identity.h"
#include "procfs/proc_text.h"

namespace nodespan::procfs {

// The text of the link /proc/PID/exe.
struct ExeLink {
  std::string path;         // in the process's own mount namespace; any bytes
  bool is_deleted = false;  // the file was removed or replaced; the suffix is not part of `path`
};

// A piece of the executable in the memory of a process.
struct ExeMapping {
  uint64_t start_addr = 0;
  uint64_t end_addr = 0;
  uint64_t file_off = 0;  // what start_addr shows
  bool is_executable = false;
};

// Identity of an open file: of what was opened, whatever its path leads to meanwhile.
absl::StatusOr<FileIdentity> ReadIdentity(int fd);

class ProcessDir {
 public:
  static constexpr size_t kMaxStatBytes = 4096;
  static constexpr size_t kMaxStatusBytes = 1 << 20;   // the list of groups can be long
  static constexpr size_t kMaxMapsBytes = 16 << 20;    // 65530 mappings of usual length
  static constexpr size_t kMaxEnvironBytes = 8 << 20;  // execve takes at most 6 MiB of arguments and environment
  static constexpr size_t kMaxCmdlineBytes = 64 << 10;
  static constexpr size_t kMaxCgroupBytes = 64 << 10;  // a path of at most 4096 bytes for each hierarchy

  // Opens the directory `pid` below `proc_fd`.
  static absl::StatusOr<ProcessDir> Open(int proc_fd, pid_t pid);

  const model::ProcessKey& key() const { return key_; }
  // What Open() read to find out the key.
  const ProcessStat& stat_at_open() const { return stat_at_open_; }

  absl::StatusOr<ProcessStat> ReadStat() const;
  absl::StatusOr<ProcessStatus> ReadStatus() const;

  // kNotFound also for kernel threads and zombies, which have none.
  absl::StatusOr<ExeLink> ReadExeLink() const;

  // Identity of the file behind `exe`, from what the kernel has cached: never waits for a network or FUSE server.
  absl::StatusOr<FileIdentity> ReadExeIdentity() const;

  // Reads the memory of the process at its addresses, by pread(). It stays that of the program which runs now, also
  // when the process executes another one. Needs the right to trace the process (CAP_SYS_PTRACE).
  absl::StatusOr<base::UniqueFd> OpenMemory() const;

  // Opens the executable itself, which works whatever mount namespace it lies in and after it was deleted.
  absl::StatusOr<base::UniqueFd> OpenExe() const;

  // The environment at the last execve, reduced to names with one of these beginnings so that secrets of the process
  // are not kept.
  absl::StatusOr<std::map<std::string, std::string, std::less<>>> ReadEnviron(
      std::initializer_list<std::string_view> name_prefixes) const;

  // The arguments; what lies beyond kMaxCmdlineBytes is cut off.
  absl::StatusOr<std::vector<std::string>> ReadCmdline() const;

  // The control groups, one line per hierarchy, as relative to the cgroup namespace of the reader.
  absl::StatusOr<std::string> ReadCgroup() const;

  // Where the process has mapped its executable, in order of address. `exe_fd` is what OpenExe() gave. kNotFound also
  // when no mapping belongs to it.
  absl::StatusOr<std::vector<ExeMapping>> ReadExeMappings(int exe_fd) const;

  // Inode of the mount namespace, to compare with another process's.
  absl::StatusOr<uint64_t> ReadMountNamespace() const;

 private:
  ProcessDir(base::UniqueFd dir_fd, model::ProcessKey key, ProcessStat stat)
      : dir_fd_(std::move(dir_fd)), key_(key), stat_at_open_(std::move(stat)) {}

  base::UniqueFd dir_fd_;
  model::ProcessKey key_;
  ProcessStat stat_at_open_;
};

}  // namespace nodespan::procfs
