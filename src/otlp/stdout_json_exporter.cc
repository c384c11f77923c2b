// SPDX-License-Identifier: Apache-2.0
#include "otlp/stdout_json_exporter.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <string>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"
#include "otlp/otlp_json.h"

namespace nodespan::otlp {
namespace {

// Keeps SIGPIPE from the thread while it lives, and takes back one that was raised meanwhile: write() has no
// MSG_NOSIGNAL, and the process-wide disposition is not ours to change.
class ScopedNoSigpipe {
 public:
  ScopedNoSigpipe() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &sigpipe_, &old_mask_);
  }
  ~ScopedNoSigpipe() {
    if (!was_pending_) {
      const timespec no_wait{};
      (void)sigtimedwait(&sigpipe_, nullptr, &no_wait);
    }
    (void)pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
  }
  ScopedNoSigpipe(const ScopedNoSigpipe&) = delete;
  ScopedNoSigpipe& operator=(const ScopedNoSigpipe&) = delete;

 private:
  sigset_t sigpipe_;
  sigset_t old_mask_;
  bool was_pending_ = false;
};

// Milliseconds for poll(), rounded up so that it does not spin at the end.
int PollTimeout(absl::Time deadline) {
  if (deadline == absl::InfiniteFuture()) {
    return -1;
  }
  const int64_t left_ms = absl::ToInt64Milliseconds(absl::Ceil(deadline - absl::Now(), absl::Milliseconds(1)));
  return static_cast<int>(std::clamp<int64_t>(left_ms, 0, 60'000));
}

}  // namespace

absl::StatusOr<std::unique_ptr<StdoutJsonExporter>> StdoutJsonExporter::Create(
    int fd, metrics::Counters* counters, std::function<void(const absl::Status&)> on_status) {
  base::UniqueFd cancel_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!cancel_fd.valid()) {
    return base::ErrnoStatus("eventfd");
  }
  return std::unique_ptr<StdoutJsonExporter>(
      new StdoutJsonExporter(fd, std::move(cancel_fd), counters, std::move(on_status)));
}

StdoutJsonExporter::StdoutJsonExporter(int fd, base::UniqueFd cancel_fd, metrics::Counters* counters,
                                       std::function<void(const absl::Status&)> on_status)
    : fd_(fd), cancel_fd_(std::move(cancel_fd)), counters_(counters), on_status_(std::move(on_status)) {}

void StdoutJsonExporter::Export(std::vector<model::Span> spans, absl::Time deadline) {
  using metrics::Counter;
  counters_->Add(Counter::kExportRequests);
  std::string text = line_is_open_ ? "\n" : "";
  text += ToOtlpJson(spans);
  text += '\n';
  const absl::Status status = Write(text, deadline);
  if (status.ok()) {
    counters_->Add(Counter::kSpansExported, spans.size());
    return;
  }
  counters_->Add(absl::IsCancelled(status) ? Counter::kSpansDroppedShutdown : Counter::kSpansDroppedExport,
                 spans.size());
  on_status_(base::MakeStatus(status.code(), "{}; {} spans dropped", base::Message(status), spans.size()));
}

void StdoutJsonExporter::Cancel() {
  const uint64_t one = 1;
  (void)!::write(cancel_fd_.get(), &one, sizeof one);
}

absl::Status StdoutJsonExporter::Write(std::string_view text, absl::Time deadline) {
  const ScopedNoSigpipe no_sigpipe;
  while (!text.empty()) {
    NODESPAN_RETURN_IF_ERROR(WaitWritable(deadline));
    // A writable pipe takes PIPE_BUF bytes without blocking (pipe(7)); more could block a descriptor in blocking mode.
    const ssize_t written = ::write(fd_, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
    if (written < 0) {
      const int error = errno;
      if (error == EINTR || error == EAGAIN) {
        continue;
      }
      return base::ErrnoStatus(error, "write OTLP/JSON");
    }
    if (written > 0) {
      line_is_open_ = static_cast<size_t>(written) < text.size();
      text.remove_prefix(static_cast<size_t>(written));
    }
  }
  return absl::OkStatus();
}

absl::Status StdoutJsonExporter::WaitWritable(absl::Time deadline) {
  while (true) {
    std::array<pollfd, 2> fds = {{{fd_, POLLOUT, 0}, {cancel_fd_.get(), POLLIN, 0}}};
    const int ready = ::poll(fds.data(), fds.size(), PollTimeout(deadline));
    if (ready < 0) {
      const int error = errno;
      if (error == EINTR) {
        continue;
      }
      return base::ErrnoStatus(error, "poll the output of OTLP/JSON");
    }
    if (fds[1].revents != 0) {
      return absl::CancelledError("OTLP/JSON output cancelled");
    }
    if (fds[0].revents != 0) {  // POLLERR and POLLHUP too: write() says what it is
      return absl::OkStatus();
    }
    if (absl::Now() >= deadline) {
      return absl::DeadlineExceededError("the reader of OTLP/JSON is too slow");
    }
  }
}

}  // namespace nodespan::otlp
