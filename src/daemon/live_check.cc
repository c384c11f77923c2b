// SPDX-License-Identifier: Apache-2.0
#include "daemon/live_check.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "base/status_macros.h"

namespace nodespan::daemon {
namespace {

using absl::StatusCode;
using base::MakeStatus;

// What the kernel writes over a probed instruction: int3, and on arm64 brk with the immediate of uprobes
// (arch/x86/include/asm/uprobes.h, arch/arm64/include/asm/brk-imm.h).
constexpr std::array<uint8_t, 1> kBreakpointAmd64 = {0xcc};
constexpr std::array<uint8_t, 4> kBreakpointArm64 = {0xa0, 0x00, 0x20, 0xd4};

std::span<const uint8_t> Breakpoint(goinspect::Arch arch) {
  return arch == goinspect::Arch::kAmd64 ? std::span<const uint8_t>(kBreakpointAmd64) : kBreakpointArm64;
}

absl::Status ReadMemory(int memory_fd, uint64_t addr, std::span<uint8_t> out) {
  while (!out.empty()) {
    const ssize_t count = ::pread(memory_fd, out.data(), out.size(), static_cast<off_t>(addr));
    const int error = errno;
    if (count < 0 && error == EINTR) {
      continue;
    }
    if (count == 0 || (count < 0 && error == ESRCH)) {
      return MakeStatus(StatusCode::kNotFound, "the process has ended");
    }
    if (count < 0) {
      return MakeStatus(StatusCode::kFailedPrecondition, "its memory at {:#x} cannot be read: {}", addr,
                        std::string_view(std::strerror(error)));
    }
    addr += static_cast<uint64_t>(count);
    out = out.subspan(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

// Where the memory first differs from the file, if it does.
std::optional<size_t> FirstDifference(std::string_view file, std::span<const uint8_t> memory, goinspect::Arch arch) {
  const std::span<const uint8_t> breakpoint = Breakpoint(arch);
  for (size_t i = 0; i < memory.size();) {
    if (memory[i] == static_cast<uint8_t>(file[i])) {
      ++i;
      continue;
    }
    const size_t start = i / breakpoint.size() * breakpoint.size();  // witnesses of code begin at an instruction
    const std::span<const uint8_t> here = memory.subspan(start, std::min(breakpoint.size(), memory.size() - start));
    if (!std::equal(here.begin(), here.end(), breakpoint.begin(), breakpoint.end())) {
      return i;
    }
    i = start + breakpoint.size();
  }
  return std::nullopt;
}

}  // namespace

absl::Status CheckMemory(int memory_fd, uint64_t load_bias, std::span<const goinspect::Witness> witnesses,
                         goinspect::Arch arch) {
  for (const goinspect::Witness& witness : witnesses) {
    std::string memory(witness.bytes.size(), '\0');
    const std::span bytes(reinterpret_cast<uint8_t*>(memory.data()), memory.size());
    NODESPAN_RETURN_IF_ERROR(ReadMemory(memory_fd, witness.vaddr + load_bias, bytes));
    if (const std::optional<size_t> off = FirstDifference(witness.bytes, bytes, arch); off.has_value()) {
      return MakeStatus(StatusCode::kFailedPrecondition,
                        "what it runs is not the file that was inspected: {} differs at {:#x}", witness.what,
                        witness.vaddr + *off);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckProbes(int memory_fd, uint64_t load_bias, const attach::AttachPlan& plan, goinspect::Arch arch,
                         absl::FunctionRef<bool(const attach::LibraryPlan&)> attaches) {
  const std::span<const uint8_t> breakpoint = Breakpoint(arch);
  for (const attach::LibraryPlan& library : plan.libraries) {
    if (!attaches(library)) {
      continue;
    }
    for (const attach::PlannedProbe& probe : library.probes) {
      std::array<uint8_t, kBreakpointArm64.size()> memory{};
      const std::span<uint8_t> bytes = std::span(memory).first(breakpoint.size());
      const uint64_t vaddr = probe.function.vaddr + probe.function_off;
      NODESPAN_RETURN_IF_ERROR(ReadMemory(memory_fd, vaddr + load_bias, bytes));
      if (!std::equal(bytes.begin(), bytes.end(), breakpoint.begin())) {
        return MakeStatus(StatusCode::kFailedPrecondition,
                          "the probe of {} went into a copy of its file that it does not run (changed since it "
                          "started, in an overlay); restart it to have it traced",
                          probe.function.name);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace nodespan::daemon
