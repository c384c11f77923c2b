// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/container_cgroup.h"

#include <unistd.h>

#include <fstream>

#include "fmt/format.h"

namespace nodespan::e2e {
namespace {

// cgroup v2 where it is mounted beside v1, v2 alone, and a hierarchy of v1.
constexpr const char* kMounts[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/memory"};

}  // namespace

std::unique_ptr<ContainerCgroup> ContainerCgroup::Create(const std::string& pod_uid, const std::string& container_id) {
  std::unique_ptr<ContainerCgroup> group(new ContainerCgroup());
  for (const std::filesystem::path mount : kMounts) {
    std::error_code error;
    if (!std::filesystem::exists(mount / "cgroup.procs", error)) {
      continue;
    }
    std::filesystem::path path = mount;
    for (const std::string& name : {fmt::format("nodespan-e2e-{}-{}", ::getpid(), container_id.substr(0, 8)),
                                    std::string("kubepods"), std::string("burstable"), "pod" + pod_uid, container_id}) {
      path /= name;
      if (!std::filesystem::create_directory(path, error)) {
        break;
      }
      group->folders_.push_back(path);
    }
    if (!error) {
      return group;
    }
  }
  return nullptr;
}

ContainerCgroup::~ContainerCgroup() {
  for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) {
    (void)::rmdir(folder->c_str());
  }
}

std::string ContainerCgroup::Wrap(const std::string& program_path) const {
  std::string path = scratch_.Path("run");
  std::ofstream(path) << "#!/bin/sh\necho $$ >" << (folders_.back() / "cgroup.procs").string() << "\nexec "
                      << program_path << " \"$@\"\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

}  // namespace nodespan::e2e
