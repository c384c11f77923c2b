// SPDX-License-Identifier: Apache-2.0
#include "discovery/facts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/status_macros.h"
#include "procfs/bounded_read.h"

namespace nodespan::discovery {
namespace {

constexpr size_t kMaxIdBytes = 4096;
constexpr size_t kMaxPasswdBytes = 1 << 20;

// The first line of the file; empty when it cannot be read.
std::string ReadLine(const std::string& path) {
  absl::StatusOr<std::string> text = procfs::ReadBounded(AT_FDCWD, path.c_str(), kMaxIdBytes);
  return text.ok() ? text->substr(0, text->find('\n')) : std::string();
}

std::optional<absl::Time> ReadBootTime() {
  timespec wall{};
  timespec since_boot{};
  if (::clock_gettime(CLOCK_REALTIME, &wall) != 0 || ::clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0) {
    return std::nullopt;
  }
  return absl::TimeFromTimespec(wall) - absl::DurationFromTimespec(since_boot);
}

std::string ArchName(std::string_view machine) {
  if (machine == "x86_64") {
    return "amd64";
  }
  return machine == "aarch64" ? "arm64" : std::string(machine);
}

std::string OwnerName(const procfs::ProcessDir& process, uid_t uid, const HostFacts& host, const std::string& root) {
  absl::StatusOr<uint64_t> mount_namespace = process.ReadMountNamespace();
  if (host.mount_namespace != 0 && mount_namespace.ok() && *mount_namespace == host.mount_namespace) {
    absl::StatusOr<std::string> passwd =
        procfs::ReadBounded(AT_FDCWD, (root + "/etc/passwd").c_str(), kMaxPasswdBytes, procfs::OverLimit::kCut);
    if (passwd.ok()) {
      if (std::optional<std::string> name = FindUserName(*passwd, uid)) {
        return *std::move(name);
      }
    }
  }
  return std::to_string(uid);
}

}  // namespace

HostFacts ReadHostFacts(const std::string& root) {
  HostFacts host;
  utsname system{};
  if (::uname(&system) == 0) {
    host.name = system.nodename;
    host.arch = ArchName(system.machine);
  }
  host.id = ReadLine(root + "/etc/machine-id");
  if (host.id.empty()) {
    host.id = ReadLine(root + "/var/lib/dbus/machine-id");
  }
  host.boot_id = ReadLine(root + "/proc/sys/kernel/random/boot_id");
  host.boot_time = ReadBootTime();
  struct stat mount_namespace {};
  if (::stat((root + "/proc/self/ns/mnt").c_str(), &mount_namespace) == 0) {
    host.mount_namespace = mount_namespace.st_ino;
  }
  return host;
}

absl::StatusOr<ProcessFacts> ReadProcessFacts(const procfs::ProcessDir& process, const HostFacts& host,
                                              const std::string& root) {
  ProcessFacts facts{.key = process.key()};
  NODESPAN_ASSIGN_OR_RETURN(procfs::ProcessStatus status, process.ReadStatus());
  NODESPAN_ASSIGN_OR_RETURN(procfs::ExeLink exe, process.ReadExeLink());
  facts.vpid = status.vpid();
  facts.exe_path = std::move(exe.path);
  facts.owner = OwnerName(process, status.effective_uid, host, root);
  static const int64_t ticks_per_second = ::sysconf(_SC_CLK_TCK);
  if (host.boot_time && ticks_per_second > 0) {
    facts.creation_time =
        *host.boot_time + absl::Seconds(1) * static_cast<int64_t>(facts.key.start_time_ticks) / ticks_per_second;
  }
  return facts;
}

std::optional<std::string> FindUserName(std::string_view passwd, uid_t uid) {
  // passwd(5): name:password:UID:GID:GECOS:directory:shell
  while (!passwd.empty()) {
    std::string_view line = passwd.substr(0, passwd.find('\n'));
    passwd.remove_prefix(std::min(line.size() + 1, passwd.size()));
    size_t name_end = line.find(':');
    size_t uid_start = name_end == std::string_view::npos ? name_end : line.find(':', name_end + 1);
    if (name_end == 0 || uid_start == std::string_view::npos) {
      continue;
    }
    uid_t candidate = 0;
    auto [end, error] = std::from_chars(line.data() + uid_start + 1, line.data() + line.size(), candidate);
    bool is_whole = error == std::errc() && end != line.data() + line.size() && *end == ':';
    if (is_whole && candidate == uid) {
      return std::string(line.substr(0, name_end));
    }
  }
  return std::nullopt;
}

}  // namespace nodespan::discovery
