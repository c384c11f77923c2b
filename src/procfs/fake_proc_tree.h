// SPDX-License-Identifier: Apache-2.0
// A folder that looks like /proc, for tests: RealProcFs reads it as it reads the real one. `exe` is a symbolic link to
// a file of the tree, so opening it and reading its identity work.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace nodespan::procfs::testing {

struct FakeProcess {
  pid_t pid = 0;
  uint64_t start_time_ticks = 1000;
  std::string comm = "server";
  char state = 'S';
  uint32_t flags = 0;
  uint64_t start_stack = 0x7ffc00000000;
  std::string exe_name = "server";  // below bin/; empty: no link, as with kernel threads
};

class FakeProcTree {
 public:
  FakeProcTree();
  ~FakeProcTree();
  FakeProcTree(const FakeProcTree&) = delete;
  FakeProcTree& operator=(const FakeProcTree&) = delete;

  // What to give RealProcFs::Create().
  std::string root() const { return (base_ / "proc").string(); }
  // The link text of a process with this exe_name.
  std::string ExePath(std::string_view exe_name) const { return (base_ / "bin" / exe_name).string(); }

  // Makes the process, or replaces what is shown of it.
  void Put(const FakeProcess& process);
  void Remove(pid_t pid);
  // Writes /proc/PID/NAME.
  void Write(pid_t pid, std::string_view name, std::string_view text);
  // Replaces the file that the links of `exe_name` lead to by another inode.
  void ReplaceExe(std::string_view exe_name);
  void SetSelf(pid_t pid);

 private:
  std::filesystem::path ProcessPath(pid_t pid) const;

  std::filesystem::path base_;
};

}  // namespace nodespan::procfs::testing
