// SPDX-License-Identifier: Apache-2.0
// What is read from the system about this host and about a process to describe them in resources. Plain values, so that
// what is made of them is tested without a system.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/process_key.h"
#include "procfs/process_dir.h"

namespace nodespan::discovery {

// Empty or absent: unknown.
struct HostFacts {
  std::string name;                     // as uname -n
  std::string id;                       // machine-id
  std::string boot_id;                  // new at each boot
  std::string arch;                     // as Go and the semantic conventions write it: amd64, arm64
  std::optional<absl::Time> boot_time;  // process start times count from here
  uint64_t mount_namespace = 0;         // nodespan's own; 0: unknown
};

// Looks below `root`, which is "/" outside tests.
HostFacts ReadHostFacts(const std::string& root = "/");

struct ProcessFacts {
  model::ProcessKey key;
  pid_t vpid = 0;        // as the process itself sees it
  std::string exe_path;  // in its own mount namespace; any bytes
  std::optional<absl::Time> creation_time;
  std::string owner;  // user name, or the number when the name is not known here

  // From its executable, by whoever inspected it; empty when unknown.
  std::string go_version;
  std::string go_build_id;
};

// Everything but the last part. kNotFound: the process has ended.
absl::StatusOr<ProcessFacts> ReadProcessFacts(const procfs::ProcessDir& process, const HostFacts& host,
                                              const std::string& root = "/");

// The name of `uid` in the text of a passwd file, if it is there. The system's own lookup is not used: it may ask the
// network, and for a process in a container it would give the name of another system's user.
std::optional<std::string> FindUserName(std::string_view passwd, uid_t uid);

}  // namespace nodespan::discovery
