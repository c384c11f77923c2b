// SPDX-License-Identifier: Apache-2.0
#include "procfs/fake_proc_tree.h"

#include <cstdlib>
#include <fstream>

#include "fmt/format.h"

namespace nodespan::procfs::testing {

namespace fs = std::filesystem;

FakeProcTree::FakeProcTree() {
  std::string name = (fs::temp_directory_path() / "nodespan-proc-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    std::abort();
  }
  base_ = name;
  fs::create_directories(base_ / "proc");
  fs::create_directories(base_ / "bin");
}

FakeProcTree::~FakeProcTree() {
  std::error_code ignored;
  fs::remove_all(base_, ignored);
}

fs::path FakeProcTree::ProcessPath(pid_t pid) const { return base_ / "proc" / std::to_string(pid); }

void FakeProcTree::Put(const FakeProcess& process) {
  fs::path folder = ProcessPath(process.pid);
  fs::create_directories(folder);
  // Fields 3 to 28 of proc(5), a few behind them as on a real kernel.
  Write(process.pid, "stat",
        fmt::format("{} ({}) {} 1 {} {} 0 -1 {} 100 0 0 0 1 2 0 0 20 0 4 0 {} 1000 200 18446744073709551615 4096 8192 "
                    "{} 0 0 0\n",
                    process.pid, process.comm, process.state, process.pid, process.pid, process.flags,
                    process.start_time_ticks, process.start_stack));
  fs::remove(folder / "exe");
  if (!process.exe_name.empty()) {
    if (!fs::exists(ExePath(process.exe_name))) {
      std::ofstream(ExePath(process.exe_name)) << process.exe_name;
    }
    fs::create_symlink(ExePath(process.exe_name), folder / "exe");
  }
}

void FakeProcTree::Remove(pid_t pid) { fs::remove_all(ProcessPath(pid)); }

void FakeProcTree::Write(pid_t pid, std::string_view name, std::string_view text) {
  std::ofstream file(ProcessPath(pid) / name, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
}

void FakeProcTree::ReplaceExe(std::string_view exe_name) {
  // The new file is made while the old one still exists, so that it cannot get the same inode.
  std::string next = ExePath(exe_name) + ".next";
  std::ofstream(next) << exe_name;
  fs::rename(next, ExePath(exe_name));
}

void FakeProcTree::SetSelf(pid_t pid) {
  fs::remove(base_ / "proc/self");
  fs::create_symlink(std::to_string(pid), base_ / "proc/self");
}

}  // namespace nodespan::procfs::testing
