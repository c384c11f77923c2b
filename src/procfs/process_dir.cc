// SPDX-License-Identifier: Apache-2.0
#include "procfs/process_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"
#include "fmt/format.h"
#include "procfs/bounded_read.h"

namespace nodespan::procfs {
namespace {

constexpr std::string_view kDeletedSuffix = " (deleted)";

absl::StatusOr<ProcessStat> ReadStatFrom(int dir_fd) {
  NODESPAN_ASSIGN_OR_RETURN(std::string text, ReadBounded(dir_fd, "stat", ProcessDir::kMaxStatBytes));
  return ParseStat(text);
}

absl::StatusOr<FileIdentity> ReadIdentityAt(int dir_fd, const char* name) {
  struct statx file {};
  const int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT | (name[0] == '\0' ? AT_EMPTY_PATH : 0);
  if (::statx(dir_fd, name, flags, STATX_TYPE | STATX_INO | STATX_MTIME | STATX_SIZE, &file) != 0) {
    return ProcError(errno, name[0] == '\0' ? "executable" : name);
  }
  return FileIdentity{.dev = makedev(file.stx_dev_major, file.stx_dev_minor),
                      .ino = file.stx_ino,
                      .mtime_ns = file.stx_mtime.tv_sec * 1'000'000'000 + file.stx_mtime.tv_nsec,
                      .size_bytes = file.stx_size};
}

ExeMapping ToExeMapping(const MapsEntry& entry) {
  return {.start_addr = entry.start_addr,
          .end_addr = entry.end_addr,
          .file_off = entry.file_off,
          .is_executable = entry.is_executable};
}

template <typename Predicate>
std::vector<ExeMapping> SelectMappings(const std::vector<MapsEntry>& entries, Predicate belongs) {
  std::vector<ExeMapping> selected;
  for (const MapsEntry& entry : entries) {
    if (belongs(entry)) {
      selected.push_back(ToExeMapping(entry));
    }
  }
  return selected;
}

}  // namespace

absl::StatusOr<ProcessDir> ProcessDir::Open(int proc_fd, pid_t pid) {
  std::string name = std::to_string(pid);
  base::UniqueFd dir_fd(::openat(proc_fd, name.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir_fd.valid()) {
    return ProcError(errno, name);
  }
  absl::StatusOr<ProcessStat> stat = ReadStatFrom(dir_fd.get());
  if (!stat.ok()) {
    return base::Annotate(stat.status(), name);
  }
  model::ProcessKey key = {.pid = pid, .start_time_ticks = stat->start_time_ticks};
  return ProcessDir(std::move(dir_fd), key, *std::move(stat));
}

absl::StatusOr<ProcessStat> ProcessDir::ReadStat() const { return ReadStatFrom(dir_fd_.get()); }

absl::StatusOr<ProcessStatus> ProcessDir::ReadStatus() const {
  NODESPAN_ASSIGN_OR_RETURN(std::string text, ReadBounded(dir_fd_.get(), "status", kMaxStatusBytes));
  return ParseStatus(text);
}

absl::StatusOr<ExeLink> ProcessDir::ReadExeLink() const {
  NODESPAN_ASSIGN_OR_RETURN(std::string text, ReadLink(dir_fd_.get(), "exe"));
  // A file can be named "x (deleted)" and be there; the kernel's text does not tell both apart, and such names are not
  // worth a look at the target's file system.
  bool is_deleted = text.ends_with(kDeletedSuffix);
  if (is_deleted) {
    text.resize(text.size() - kDeletedSuffix.size());
  }
  return ExeLink{.path = std::move(text), .is_deleted = is_deleted};
}

absl::StatusOr<FileIdentity> ReadIdentity(int fd) { return ReadIdentityAt(fd, ""); }

absl::StatusOr<FileIdentity> ProcessDir::ReadExeIdentity() const { return ReadIdentityAt(dir_fd_.get(), "exe"); }

absl::StatusOr<base::UniqueFd> ProcessDir::OpenMemory() const {
  base::UniqueFd fd(::openat(dir_fd_.get(), "mem", O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return ProcError(errno, "mem");
  }
  return fd;
}

absl::StatusOr<base::UniqueFd> ProcessDir::OpenExe() const {
  base::UniqueFd fd(::openat(dir_fd_.get(), "exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) {
    return ProcError(errno, "exe");
  }
  return fd;
}

absl::StatusOr<std::map<std::string, std::string, std::less<>>> ProcessDir::ReadEnviron(
    std::initializer_list<std::string_view> name_prefixes) const {
  NODESPAN_ASSIGN_OR_RETURN(std::string text, ReadBounded(dir_fd_.get(), "environ", kMaxEnvironBytes));
  return ParseEnviron(text, name_prefixes);
}

absl::StatusOr<std::vector<std::string>> ProcessDir::ReadCmdline() const {
  NODESPAN_ASSIGN_OR_RETURN(std::string text, ReadBounded(dir_fd_.get(), "cmdline", kMaxCmdlineBytes, OverLimit::kCut));
  return ParseCmdline(text);
}

absl::StatusOr<std::string> ProcessDir::ReadCgroup() const {
  return ReadBounded(dir_fd_.get(), "cgroup", kMaxCgroupBytes);
}

absl::StatusOr<std::vector<ExeMapping>> ProcessDir::ReadExeMappings(int exe_fd) const {
  struct stat file {};
  if (::fstat(exe_fd, &file) != 0) {
    return base::ErrnoStatus("fstat of the executable");
  }
  NODESPAN_ASSIGN_OR_RETURN(std::string text, ReadBounded(dir_fd_.get(), "maps", kMaxMapsBytes));
  NODESPAN_ASSIGN_OR_RETURN(std::vector<MapsEntry> entries, ParseMaps(text));
  std::vector<ExeMapping> mappings = SelectMappings(entries, [&file](const MapsEntry& entry) {
    return entry.ino == file.st_ino && entry.dev_major == major(file.st_dev) && entry.dev_minor == minor(file.st_dev);
  });
  // maps can show another device than fstat: on overlayfs that of the lower file system, on kernels where the mapping
  // has the inode of the real file, and on btrfs that of the whole file system instead of the subvolume's. The links of
  // map_files lead to what was opened, and so to the device that fstat shows; they need CAP_SYS_ADMIN or
  // CAP_CHECKPOINT_RESTORE.
  if (mappings.empty()) {
    mappings = SelectMappings(entries, [&](const MapsEntry& entry) {
      struct stat mapped {};
      const std::string link = fmt::format("map_files/{:x}-{:x}", entry.start_addr, entry.end_addr);
      return entry.ino != 0 && ::fstatat(dir_fd_.get(), link.c_str(), &mapped, 0) == 0 &&
             mapped.st_dev == file.st_dev && mapped.st_ino == file.st_ino;
    });
  }
  if (mappings.empty()) {
    // The path stands in: the kernel prints it the same way in both places, " (deleted)" included.
    NODESPAN_ASSIGN_OR_RETURN(std::string path, ReadLink(dir_fd_.get(), "exe"));
    mappings =
        SelectMappings(entries, [&path](const MapsEntry& entry) { return entry.ino != 0 && entry.path == path; });
  }
  if (mappings.empty()) {
    return absl::NotFoundError("maps: no mapping of the executable");
  }
  return mappings;
}

absl::StatusOr<uint64_t> ProcessDir::ReadMountNamespace() const {
  struct stat link {};
  if (::fstatat(dir_fd_.get(), "ns/mnt", &link, 0) != 0) {
    return ProcError(errno, "ns/mnt");
  }
  return link.st_ino;
}

}  // namespace nodespan::procfs
