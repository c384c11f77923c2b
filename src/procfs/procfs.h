// SPDX-License-Identifier: Apache-2.0
// ProcFs is the /proc that nodespan looks at, behind an interface so that tests can show it any processes.
//
// Thread: any; implementations have no state that changes.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "procfs/process_dir.h"

namespace nodespan::procfs {

class ProcFs {
 public:
  virtual ~ProcFs() = default;

  // The processes there are now, kernel threads included, in ascending order.
  virtual absl::StatusOr<std::vector<pid_t>> ListPids() const = 0;

  // Opens the process that has `pid` now. kNotFound: none has, which is normal.
  virtual absl::StatusOr<ProcessDir> Open(pid_t pid) const = 0;

  // nodespan's own id as this /proc numbers processes; differs from getpid() when it is the /proc of the host.
  virtual absl::StatusOr<pid_t> SelfPid() const = 0;
};

class RealProcFs final : public ProcFs {
 public:
  // `root` is a mounted procfs (or, in tests, a folder that looks like one). kFailedPrecondition: it is not there.
  static absl::StatusOr<std::unique_ptr<RealProcFs>> Create(const std::string& root = "/proc");

  absl::StatusOr<std::vector<pid_t>> ListPids() const override;
  absl::StatusOr<ProcessDir> Open(pid_t pid) const override;
  absl::StatusOr<pid_t> SelfPid() const override;

 private:
  explicit RealProcFs(base::UniqueFd root_fd) : root_fd_(std::move(root_fd)) {}

  base::UniqueFd root_fd_;
};

}  // namespace nodespan::procfs
