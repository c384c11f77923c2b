// SPDX-License-Identifier: Apache-2.0
#include "ebpf/kernel_features.h"

#include <bpf/libbpf.h>
#include <link.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <thread>

#include "base/errors.h"
#include "base/status_macros.h"
#include "ebpf/libbpf_log.h"

// The skeleton spells its integer types like the BPF sources.
using u8 = uint8_t;
using u32 = uint32_t;
using u64 = uint64_t;
#include "selftest.skel.h"

namespace nodespan::ebpf {
namespace {

constexpr uint64_t kCookie = 0x6e6f6465;

// The instruction that is probed: a one-byte nop, which every kernel emulates or steps without side effects.
extern "C" [[gnu::noinline]] void NodespanSelftestTarget();
__asm__(
    ".text\n"
    ".p2align 4\n"
    ".globl NodespanSelftestTarget\n"
    ".type NodespanSelftestTarget, %function\n"
    "NodespanSelftestTarget:\n"
    "  nop\n"
    "  ret\n"
    ".size NodespanSelftestTarget, .-NodespanSelftestTarget\n"
    ".section .note.GNU-stack,\"\",%progbits\n"
    ".text\n");

struct SelfOffset {
  uintptr_t addr;
  std::optional<uint64_t> file_off;
};

int FindInMainProgram(dl_phdr_info* info, size_t, void* data) {
  auto* self = static_cast<SelfOffset*>(data);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    const uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD && self->addr >= begin && self->addr < begin + header.p_filesz) {
      self->file_off = self->addr - begin + header.p_offset;
    }
  }
  return 1;  // The first object is the executable itself.
}

struct SkeletonDeleter {
  void operator()(selftest_bpf* skeleton) const { selftest_bpf::destroy(skeleton); }
};

// Loads, attaches and fires once. OK when exactly the second thread's hit was counted.
absl::StatusOr<KernelFeatures> Try(UprobeMethod method, bool with_cookie, uint64_t file_off) {
  const LibbpfLog log;
  std::unique_ptr<selftest_bpf, SkeletonDeleter> skeleton(selftest_bpf::open());
  if (skeleton == nullptr) {
    return base::ErrnoStatus("open self-test");
  }
  skeleton->rodata->ns_has_attach_cookie = with_cookie ? 1 : 0;
  PrepareForMethod(skeleton->progs.selftest_hit, method);
  if (const int error = selftest_bpf::load(skeleton.get()); error != 0) {
    return base::ErrnoStatus(-error, fmt::format("load self-test program ({})", log.Summary()));
  }
  const UprobeSite sites[] = {{file_off, kCookie}};
  NODESPAN_ASSIGN_OR_RETURN(
      const std::vector<Link> links,
      AttachUprobes(skeleton->progs.selftest_hit, method, "/proc/self/exe", ::getpid(), sites, with_cookie));
  std::thread(NodespanSelftestTarget).join();
  if (skeleton->bss->selftest_hits != 1) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} saw {} hits of another thread instead of 1",
                            ToString(method), skeleton->bss->selftest_hits);
  }
  if (with_cookie && skeleton->bss->selftest_cookie != kCookie) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} delivers a wrong cookie", ToString(method));
  }
  KernelFeatures features;
  features.method = method;
  features.has_attach_cookie = with_cookie;
  features.sees_host_pids = skeleton->bss->selftest_tgid == static_cast<uint32_t>(::getpid());
  return features;
}

}  // namespace

absl::StatusOr<KernelFeatures> DetectKernelFeatures(const UprobeMethod* forced) {
  SelfOffset self{reinterpret_cast<uintptr_t>(&NodespanSelftestTarget), std::nullopt};
  (void)dl_iterate_phdr(FindInMainProgram, &self);
  if (!self.file_off.has_value()) {
    return absl::InternalError("self-test function not found in the executable");
  }
  std::string multi_refusal;
  if (forced == nullptr || *forced == UprobeMethod::kMulti) {
    absl::StatusOr<KernelFeatures> multi = Try(UprobeMethod::kMulti, /*with_cookie=*/true, *self.file_off);
    if (multi.ok() || forced != nullptr) {
      return multi;
    }
    multi_refusal = base::Message(multi.status());
  } else {
    multi_refusal = "not asked for";
  }
  absl::StatusOr<KernelFeatures> perf = Try(UprobeMethod::kPerf, /*with_cookie=*/true, *self.file_off);
  if (!perf.ok()) {
    perf = Try(UprobeMethod::kPerf, /*with_cookie=*/false, *self.file_off);
  }
  if (perf.ok()) {
    perf->multi_refusal = multi_refusal;
    return perf;
  }
  if (perf.status().code() == absl::StatusCode::kPermissionDenied) {
    return base::MakeStatus(
        absl::StatusCode::kPermissionDenied,
        "attaching needs root or the capabilities CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE (and CAP_SYS_ADMIN "
        "on kernels without uprobe_multi): {}",
        base::Message(perf.status()));
  }
  return base::MakeStatus(absl::StatusCode::kUnimplemented,
                          "this kernel attaches no uprobes: uprobe_multi: {}; perf: {}", multi_refusal,
                          base::Message(perf.status()));
}

void RaiseMemlockLimit() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  (void)::setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

}  // namespace nodespan::ebpf
