// SPDX-License-Identifier: Apache-2.0
// What this kernel can do for us, found by trying and not by version: a small program is attached to a function of our
// own, which a second thread then calls.
//
// Why a second thread: uprobe_multi's pid filter of Linux 6.6 to 6.9 without the fix 46ba0e49b642 drops the hits of
// every thread but the first, which would lose nearly all of a Go program's.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "ebpf/uprobe.h"

namespace nodespan::ebpf {

struct KernelFeatures {
  UprobeMethod method = UprobeMethod::kPerf;
  bool has_attach_cookie = false;  // kernel >= 5.15
  // False in a pid namespace other than the host's: pids that BPF programs report are not the ones in our /proc.
  bool sees_host_pids = false;
  std::string multi_refusal;  // why the better method is not used; empty when it is
};

// `forced`: try only this method (for tests and --attach-method).
// kPermissionDenied: a capability is missing, and the message names it. kUnimplemented: no method works here.
absl::StatusOr<KernelFeatures> DetectKernelFeatures(const UprobeMethod* forced = nullptr);

// Lets BPF maps be charged on kernels before 5.11, where they count against RLIMIT_MEMLOCK. Failing is not an error.
void RaiseMemlockLimit();

}  // namespace nodespan::ebpf
