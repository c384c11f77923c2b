// SPDX-License-Identifier: Apache-2.0
// Attaching one BPF program to instructions of one process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ebpf/link.h"

struct bpf_program;

namespace nodespan::ebpf {

enum class UprobeMethod {
  kMulti,  // one uprobe_multi link for all offsets (kernel >= 6.6)
  kPerf,   // one perf event per offset
};

std::string_view ToString(UprobeMethod method);

// One instruction to probe, and what the program reads there as its cookie.
struct UprobeSite {
  uint64_t file_off = 0;
  uint64_t cookie = 0;
};

// Must be called between opening and loading the object: a program is loaded for one of the two methods.
void PrepareForMethod(bpf_program* program, UprobeMethod method);

// Attaches `program` at `sites` of the executable at `path` (best a /proc/self/fd/N of the file that was inspected),
// for hits of process `pid` only. Pass use_cookies = false on kernels without them. All sites or none. Errors:
// kPermissionDenied a capability is missing, kNotFound the process or file is gone.
absl::StatusOr<std::vector<Link>> AttachUprobes(const bpf_program* program, UprobeMethod method,
                                                const std::string& path, pid_t pid, std::span<const UprobeSite> sites,
                                                bool use_cookies);

}  // namespace nodespan::ebpf
