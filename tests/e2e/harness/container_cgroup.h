// SPDX-License-Identifier: Apache-2.0
// A control group with the path that a container of a pod has, so that a process looks like one of that container
// without any container runtime.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/harness/go_program.h"

namespace nodespan::e2e {

class ContainerCgroup {
 public:
  // ".../kubepods/burstable/pod<uid>/<container id>". Null: there is no hierarchy here in which groups can be made.
  static std::unique_ptr<ContainerCgroup> Create(const std::string& pod_uid, const std::string& container_id);
  // Removes what it made; the processes in it must have ended.
  ~ContainerCgroup();
  ContainerCgroup(const ContainerCgroup&) = delete;
  ContainerCgroup& operator=(const ContainerCgroup&) = delete;

  // A program that moves into the group and then executes the one at `program_path`, with the same arguments.
  std::string Wrap(const std::string& program_path) const;

 private:
  ContainerCgroup() = default;

  std::vector<std::filesystem::path> folders_;  // outermost first
  ScratchFolder scratch_;
};

}  // namespace nodespan::e2e
