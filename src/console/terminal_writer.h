// SPDX-License-Identifier: Apache-2.0
// Writes to a terminal, pipe or file and never waits longer than it is told to.
//
// A blocking write to a stopped terminal (Ctrl-S) or a full pipe would hold the export thread for good. The descriptor
// itself is shared with the shell and must not be made non-blocking, so a terminal or pipe is opened a second time with
// O_NONBLOCK of its own; where that is refused, single writes are kept below what a ready pipe takes at once.
//
// Thread: one thread. SIGPIPE must be ignored by the process, else a closed pipe ends it.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/unique_fd.h"

namespace nodespan::console {

class TerminalWriter {
 public:
  // Does not take over `fd`, which may be closed afterwards. kInternal: it is not an open descriptor.
  static absl::StatusOr<TerminalWriter> Open(int fd);

  bool is_terminal() const { return is_terminal_; }
  // Columns of the terminal now; 0 when it is none or does not say.
  size_t Width() const;

  // Writes all of `text` or fails: kDeadlineExceeded, with some of it possibly written (the next Write begins on a new
  // line then, with colours reset); kUnavailable when the other side is gone, which is final; other codes for other
  // errors of write(2).
  absl::Status Write(std::string_view text, absl::Time deadline);

 private:
  TerminalWriter(base::UniqueFd fd, bool is_terminal, bool nonblocking)
      : fd_(std::move(fd)), is_terminal_(is_terminal), nonblocking_(nonblocking) {}

  // kOk when something can be written.
  absl::Status AwaitWritable(absl::Time deadline) const;
  absl::Status WriteAll(std::string_view text, absl::Time deadline);

  base::UniqueFd fd_;
  bool is_terminal_;
  bool nonblocking_;
  bool interrupted_ = false;  // The last text was written in part only.
};

}  // namespace nodespan::console
