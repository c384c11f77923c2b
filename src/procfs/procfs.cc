// SPDX-License-Identifier: Apache-2.0
#include "procfs/procfs.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/errors.h"
#include "base/status_macros.h"
#include "procfs/bounded_read.h"

namespace nodespan::procfs {
namespace {

std::optional<pid_t> ToPid(std::string_view name) {
  pid_t pid = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size() || pid <= 0) {
    return std::nullopt;
  }
  return pid;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RealProcFs>> RealProcFs::Create(const std::string& root) {
  base::UniqueFd root_fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root_fd.valid()) {
    int error = errno;
    return base::MakeStatus(absl::StatusCode::kFailedPrecondition, "{}: {} (a mounted procfs is needed)", root,
                            std::string_view(std::strerror(error)));
  }
  return std::unique_ptr<RealProcFs>(new RealProcFs(std::move(root_fd)));
}

absl::StatusOr<std::vector<pid_t>> RealProcFs::ListPids() const {
  // A descriptor of its own, because the position in the directory belongs to the open file.
  base::UniqueFd fd(::openat(root_fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    return base::ErrnoStatus("listing processes");
  }
  DIR* raw = ::fdopendir(fd.get());
  if (raw == nullptr) {
    return base::ErrnoStatus("listing processes");
  }
  (void)fd.Release();  // owned by the stream now
  std::unique_ptr<DIR, int (*)(DIR*)> directory(raw, ::closedir);
  std::vector<pid_t> pids;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (std::optional<pid_t> pid = ToPid(entry->d_name)) {
      pids.push_back(*pid);
    }
    errno = 0;
  }
  if (errno != 0) {
    return base::ErrnoStatus("listing processes");
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

absl::StatusOr<ProcessDir> RealProcFs::Open(pid_t pid) const { return ProcessDir::Open(root_fd_.get(), pid); }

absl::StatusOr<pid_t> RealProcFs::SelfPid() const {
  NODESPAN_ASSIGN_OR_RETURN(std::string text, ReadLink(root_fd_.get(), "self"));
  std::optional<pid_t> pid = ToPid(text);
  if (!pid) {
    return absl::FailedPreconditionError("/proc/self does not name a process of this /proc");
  }
  return *pid;
}

}  // namespace nodespan::procfs
