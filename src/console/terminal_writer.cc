// SPDX-License-Identifier: Apache-2.0
#include "console/terminal_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/errors.h"

namespace nodespan::console {
namespace {

// A description of our own for the same terminal or pipe; invalid when the kernel refuses, for example because the
// terminal belongs to another user since `su`. Not for files: a second description has a file offset of its own.
base::UniqueFd OpenAgainNonblocking(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !(S_ISCHR(info.st_mode) || S_ISFIFO(info.st_mode))) {
    return base::UniqueFd();
  }
  const std::string path = fmt::format("/proc/self/fd/{}", fd);
  return base::UniqueFd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

absl::Status TooSlow() { return absl::DeadlineExceededError("console: the terminal or pipe does not take output"); }

}  // namespace

absl::StatusOr<TerminalWriter> TerminalWriter::Open(int fd) {
  const bool is_terminal = ::isatty(fd) == 1;
  base::UniqueFd own = OpenAgainNonblocking(fd);
  const bool nonblocking = own.valid();
  if (!nonblocking) {
    own.Reset(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!own.valid()) {
      return base::MakeStatus(absl::StatusCode::kInternal, "console: descriptor {} is not open", fd);
    }
  }
  return TerminalWriter(std::move(own), is_terminal, nonblocking);
}

size_t TerminalWriter::Width() const {
  winsize size{};
  return is_terminal_ && ::ioctl(fd_.get(), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

absl::Status TerminalWriter::AwaitWritable(absl::Time deadline) const {
  while (true) {
    // In slices, because the deadline is wall time, which may jump.
    constexpr absl::Duration kSlice = absl::Seconds(1);
    const absl::Duration left = std::clamp(deadline - absl::Now(), absl::ZeroDuration(), kSlice);
    pollfd poll_fd{.fd = fd_.get(), .events = POLLOUT, .revents = 0};
    const int ready =
        ::poll(&poll_fd, 1, static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1)))));
    if (ready < 0 && errno != EINTR) {
      return base::ErrnoStatus("console: poll");
    }
    if (ready > 0) {
      return absl::OkStatus();  // also for POLLERR and POLLHUP: write() tells what it is
    }
    if (absl::Now() >= deadline) {
      return TooSlow();
    }
  }
}

absl::Status TerminalWriter::WriteAll(std::string_view text, absl::Time deadline) {
  bool await = !nonblocking_;
  while (!text.empty()) {
    if (await) {
      if (absl::Status ready = AwaitWritable(deadline); !ready.ok()) {
        return ready;
      }
    }
    // pipe(7): a pipe that polls writable takes PIPE_BUF bytes without blocking.
    const size_t size = nonblocking_ ? text.size() : std::min<size_t>(text.size(), PIPE_BUF);
    const ssize_t written = ::write(fd_.get(), text.data(), size);
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
      interrupted_ = interrupted_ || !text.empty();
      continue;
    }
    const int error = errno;
    if (error == EPIPE || error == EIO || error == ENXIO) {
      return absl::UnavailableError("console: the terminal or pipe is closed");
    }
    if (error == EAGAIN) {
      if (absl::Now() >= deadline) {
        return TooSlow();
      }
      await = true;
    } else if (error != EINTR) {
      return base::ErrnoStatus(error, "console: write");
    }
  }
  return absl::OkStatus();
}

absl::Status TerminalWriter::Write(std::string_view text, absl::Time deadline) {
  if (interrupted_) {
    const std::string_view resume = is_terminal_ ? "\x1b[0m\n" : "\n";
    if (absl::Status status = WriteAll(resume, deadline); !status.ok()) {
      return status;
    }
    interrupted_ = false;
  }
  absl::Status status = WriteAll(text, deadline);
  if (status.ok()) {
    interrupted_ = false;
  }
  return status;
}

}  // namespace nodespan::console
