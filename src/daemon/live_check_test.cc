// SPDX-License-Identifier: Apache-2.0
// The memory of a process is a file here: what is at an address is at that offset.
#include "daemon/live_check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/errors.h"
#include "base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::daemon {
namespace {

using absl::StatusCode;
using goinspect::Arch;
using goinspect::Witness;
using ::testing::HasSubstr;

constexpr uint64_t kVaddr = 0x1000;
constexpr uint64_t kBias = 0x2000;
const std::string kCode("\x49\x3b\x66\x10\x76\x26\x55\x48\x89\xe5\x90\x90", 12);

base::UniqueFd MemoryWith(const std::string& bytes) {
  base::UniqueFd fd(::memfd_create("memory", MFD_CLOEXEC));
  EXPECT_EQ(::pwrite(fd.get(), bytes.data(), bytes.size(), kVaddr + kBias), static_cast<ssize_t>(bytes.size()));
  return fd;
}

absl::Status Check(const std::string& memory, Arch arch = Arch::kAmd64) {
  const std::vector<Witness> witnesses = {{kVaddr, kCode, "the code of main.main"}};
  return CheckMemory(MemoryWith(memory).get(), kBias, witnesses, arch);
}

std::string With(size_t off, const std::string& bytes) {
  std::string memory = kCode;
  return memory.replace(off, bytes.size(), bytes);
}

TEST(LiveCheckTest, TheSameBytesAreFine) { EXPECT_TRUE(Check(kCode).ok()); }

TEST(LiveCheckTest, ADifferentByteIsNamedWithItsPlace) {
  for (size_t off = 0; off < kCode.size(); ++off) {
    const absl::Status status = Check(With(off, "\xe9"));
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << off;
    EXPECT_THAT(base::Message(status), HasSubstr("the code of main.main differs at 0x100"));
    EXPECT_FALSE(Check(With(off, "\xe9"), Arch::kArm64).ok()) << off;
  }
  EXPECT_THAT(base::Message(Check(With(11, "\xe9"))), HasSubstr("at 0x100b"));
}

TEST(LiveCheckTest, BreakpointsOfOtherTracersAreNoDifference) {
  EXPECT_TRUE(Check(With(6, "\xcc")).ok());
  EXPECT_TRUE(Check(With(0, "\xcc")).ok());
  EXPECT_FALSE(Check(With(6, "\xcc\xcd")).ok());
  const std::string brk("\xa0\x00\x20\xd4", 4);
  EXPECT_TRUE(Check(With(8, brk), Arch::kArm64).ok());
  EXPECT_TRUE(Check(With(0, brk), Arch::kArm64).ok());
  EXPECT_FALSE(Check(With(6, brk), Arch::kArm64).ok()) << "not an instruction";
  EXPECT_FALSE(Check(With(8, "\xcc"), Arch::kArm64).ok());
}

TEST(LiveCheckTest, AMemoryThatEndsIsAProcessThatEnded) {
  const absl::Status status = Check(kCode.substr(0, 5));
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(base::Message(status), HasSubstr("has ended"));
}

TEST(LiveCheckTest, MemoryThatIsNotMappedIsADifference) {
  // /proc/self/mem: address 0x1000 is never mapped.
  const base::UniqueFd memory(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(memory.valid());
  const std::vector<Witness> witnesses = {{0x1000, kCode, "its function table"}};
  const absl::Status status = CheckMemory(memory.get(), 0, witnesses, Arch::kAmd64);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(base::Message(status), HasSubstr("memory at 0x1000 cannot be read"));
}

bool AnyLibrary(const attach::LibraryPlan&) { return true; }

TEST(LiveCheckTest, AProbeThatIsNotInTheProcessIsFound) {
  attach::AttachPlan plan;
  plan.libraries.emplace_back();
  attach::PlannedProbe probe;
  probe.function.name = "main.main";
  probe.function.vaddr = kVaddr;
  probe.function_off = 6;
  plan.libraries[0].probes.push_back(probe);
  EXPECT_TRUE(CheckProbes(MemoryWith(With(6, "\xcc")).get(), kBias, plan, Arch::kAmd64, AnyLibrary).ok());
  const absl::Status status = CheckProbes(MemoryWith(kCode).get(), kBias, plan, Arch::kAmd64, AnyLibrary);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(base::Message(status), HasSubstr("the probe of main.main went into a copy of its file"));
  EXPECT_FALSE(CheckProbes(MemoryWith(With(6, "\xcc")).get(), kBias, plan, Arch::kArm64, AnyLibrary).ok());
}

}  // namespace
}  // namespace nodespan::daemon
