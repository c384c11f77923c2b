// SPDX-License-Identifier: Apache-2.0
#include "procfs/bounded_read.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/errors.h"
#include "base/unique_fd.h"

namespace nodespan::procfs {

absl::Status ProcError(int error_number, std::string_view context) {
  switch (error_number) {
    case ESRCH:
    case ENOENT:
    case ENOTDIR: return base::MakeStatus(absl::StatusCode::kNotFound, "{}: the process has ended", context);
    case EACCES:
    case EPERM:
      return base::MakeStatus(absl::StatusCode::kPermissionDenied,
                              "{}: {} (CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH are needed)", context,
                              std::strerror(error_number));
    default: return base::ErrnoStatus(error_number, context);
  }
}

absl::StatusOr<std::string> ReadBounded(int dir_fd, const char* name, size_t limit_bytes, OverLimit over_limit) {
  base::UniqueFd fd(::openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) {
    return ProcError(errno, name);
  }
  std::string text;
  size_t used = 0;
  while (true) {
    // One byte above the limit tells "exactly at the limit" from "more".
    text.resize(std::min(std::max<size_t>(2 * used, 4096), limit_bytes + 1));
    ssize_t count = ::read(fd.get(), text.data() + used, text.size() - used);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return ProcError(errno, name);
    }
    used += static_cast<size_t>(count);
    if (count == 0) {
      break;
    }
    if (used > limit_bytes) {
      if (over_limit == OverLimit::kFail) {
        return base::MakeStatus(absl::StatusCode::kResourceExhausted, "{}: larger than {} bytes", name, limit_bytes);
      }
      used = limit_bytes;
      break;
    }
  }
  text.resize(used);
  return text;
}

absl::StatusOr<std::string> ReadLink(int dir_fd, const char* name) {
  std::string text(PATH_MAX, '\0');
  ssize_t count = ::readlinkat(dir_fd, name, text.data(), text.size());
  if (count < 0) {
    return ProcError(errno, name);
  }
  text.resize(static_cast<size_t>(count));
  return text;
}

}  // namespace nodespan::procfs
