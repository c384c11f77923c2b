// SPDX-License-Identifier: Apache-2.0
// Proof that a process runs the very code that was inspected, before it is probed and after.
//
// Device and inode do not prove it: a file can be written to while it runs (from a copy-up of an overlay, from another
// machine, on kernels that allow it), and a program can change its own code. So bytes of the inspected file are
// compared with those in the memory of the process, and after attaching the breakpoints are looked for there: in a
// container whose file was copied up since it started, the kernel puts them into the copy, which the process does not
// run.
//
// Thread: any. `memory_fd` reads the memory of the process at its addresses (procfs::ProcessDir::OpenMemory()), and of
// the program that it ran when that was opened. Bad input: a Status; a program that ends meanwhile is kNotFound.
#pragma once

#include <cstdint>
#include <span>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "attach/attach_plan.h"
#include "goinspect/go_binary.h"

namespace nodespan::daemon {

// kFailedPrecondition: the memory differs, and the message says where. Breakpoints, which other tracers and debuggers
// may have put there, do not count as differences.
absl::Status CheckMemory(int memory_fd, uint64_t load_bias, std::span<const goinspect::Witness> witnesses,
                         goinspect::Arch arch);

// kFailedPrecondition: there is no breakpoint at a probe of the plan.
absl::Status CheckProbes(int memory_fd, uint64_t load_bias, const attach::AttachPlan& plan, goinspect::Arch arch,
                         absl::FunctionRef<bool(const attach::LibraryPlan&)> attaches);

}  // namespace nodespan::daemon
