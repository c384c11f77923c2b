// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/harness/kernel_objects.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <poll.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "fmt/format.h"

namespace nodespan::e2e {
namespace {

using OpenById = int (*)(uint32_t);

bool Exists(OpenById open, uint32_t id) { return base::UniqueFd(open(id)).valid(); }

std::string Survivors(const KernelObjects& objects) {
  std::string text;
  const auto check = [&text](std::string_view what, OpenById open, const std::vector<uint32_t>& ids) {
    for (const uint32_t id : ids) {
      if (Exists(open, id)) {
        text += fmt::format("{} {}; ", what, id);
      }
    }
  };
  check("program", bpf_prog_get_fd_by_id, objects.program_ids);
  check("map", bpf_map_get_fd_by_id, objects.map_ids);
  check("link", bpf_link_get_fd_by_id, objects.link_ids);
  return text;
}

// Names in the kernel are cut to 15 characters; the BTF of the program has the whole one.
std::string FunctionName(int program_fd) {
  bpf_prog_info info{};
  uint32_t info_bytes = sizeof(info);
  if (bpf_obj_get_info_by_fd(program_fd, &info, &info_bytes) != 0 || info.btf_id == 0 || info.nr_func_info == 0) {
    return {};
  }
  std::vector<uint8_t> records(static_cast<size_t>(info.nr_func_info) * info.func_info_rec_size);
  bpf_prog_info again{};
  again.nr_func_info = info.nr_func_info;
  again.func_info_rec_size = info.func_info_rec_size;
  again.func_info = reinterpret_cast<uintptr_t>(records.data());
  if (bpf_obj_get_info_by_fd(program_fd, &again, &info_bytes) != 0 || records.size() < sizeof(bpf_func_info)) {
    return {};
  }
  const auto* first = reinterpret_cast<const bpf_func_info*>(records.data());
  const std::unique_ptr<btf, void (*)(btf*)> types(btf__load_from_kernel_by_id(info.btf_id), btf__free);
  const btf_type* type = types == nullptr ? nullptr : btf__type_by_id(types.get(), first->type_id);
  return type == nullptr ? std::string() : std::string(btf__name_by_offset(types.get(), type->name_off));
}

}  // namespace

KernelObjects KernelObjectsOf(pid_t pid) {
  KernelObjects objects;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fdinfo", pid), error)) {
    std::ifstream file(entry.path());
    std::string key;
    for (std::string line; std::getline(file, line);) {
      const auto value = [&line] { return static_cast<uint32_t>(std::stoul(line.substr(line.find(':') + 1))); };
      // A link's descriptor also names its program.
      if (line.starts_with("link_id:")) {
        objects.link_ids.push_back(value());
      } else if (line.starts_with("prog_id:")) {
        objects.program_ids.push_back(value());
      } else if (line.starts_with("map_id:")) {
        objects.map_ids.push_back(value());
      }
    }
  }
  return objects;
}

std::string WaitUntilGone(const KernelObjects& objects, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::string survivors = Survivors(objects);
  while (!survivors.empty() && std::chrono::steady_clock::now() < deadline) {
    ::poll(nullptr, 0, 20);
    survivors = Survivors(objects);
  }
  return survivors;
}

size_t CountDescriptors(pid_t pid) {
  std::error_code error;
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid), error)) {
    (void)entry;
    ++count;
  }
  return count;
}

base::UniqueFd EnableRunCounts() { return base::UniqueFd(bpf_enable_stats(BPF_STATS_RUN_TIME)); }

std::optional<uint64_t> RunCount(const std::vector<uint32_t>& program_ids, std::string_view function) {
  for (const uint32_t id : program_ids) {
    const base::UniqueFd fd(bpf_prog_get_fd_by_id(id));
    bpf_prog_info info{};
    uint32_t info_bytes = sizeof(info);
    if (fd.valid() && FunctionName(fd.get()) == function && bpf_obj_get_info_by_fd(fd.get(), &info, &info_bytes) == 0) {
      return info.run_cnt;
    }
  }
  return std::nullopt;
}

}  // namespace nodespan::e2e
