// SPDX-License-Identifier: Apache-2.0
#include "attach/code_sites.h"

#include <cstdint>
#include <vector>

#include "attach/code_builder.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::attach {
namespace {

using goinspect::Arch;
using ::testing::HasSubstr;
using testing::kMorestack;
using testing::kVaddr;
bool IsTheMorestack(uint64_t vaddr) { return vaddr == kMorestack; }

// A function of 64 bytes: `prologue`, ret and int3 padding, and at `morestack_off` the call of `callee`, then a jump
// back.
std::vector<uint8_t> Amd64Function(std::vector<uint8_t> prologue, size_t morestack_off, uint64_t callee = kMorestack) {
  std::vector<uint8_t> code = std::move(prologue);
  code.push_back(0xc3);
  code.resize(64, 0xcc);
  const auto call_rel = static_cast<uint32_t>(callee - (kVaddr + morestack_off + 5));
  code[morestack_off] = 0xe8;
  for (size_t i = 0; i < 4; ++i) {
    code[morestack_off + 1 + i] = static_cast<uint8_t>(call_rel >> (8 * i));
  }
  code[morestack_off + 5] = 0xeb;
  code[morestack_off + 6] = static_cast<uint8_t>(-static_cast<int>(morestack_off + 7));
  return code;
}

TEST(CodeSitesTest, TakesThePushBehindTheStackCheckOfGo121AndNewer) {
  // cmp 0x10(%r14),%rsp; jbe +0x26 (to 0x2c); push %rbp; mov %rsp,%rbp
  const std::vector<uint8_t> code = Amd64Function({0x49, 0x3b, 0x66, 0x10, 0x76, 0x26, 0x55, 0x48, 0x89, 0xe5}, 0x2c);
  const absl::StatusOr<Site> site = FindStartSite(code, kVaddr, Arch::kAmd64, IsTheMorestack);
  ASSERT_TRUE(site.ok()) << site.status();
  EXPECT_EQ(site->kind, SiteKind::kPush);
  EXPECT_EQ(site->function_off, 6u);
  EXPECT_EQ(site->instruction, "push rbp");
}

TEST(CodeSitesTest, FollowsTheLargeFrameForm) {
  // lea -0x100(%rsp),%r12; cmp 0x10(%r14),%r12; jbe rel32 (to 0x30); push %rbp
  const std::vector<uint8_t> code = Amd64Function({0x4c, 0x8d, 0xa4, 0x24, 0x00, 0xff, 0xff, 0xff,  //
                                                   0x4d, 0x3b, 0x66, 0x10,                          //
                                                   0x0f, 0x86, 0x1e, 0x00, 0x00, 0x00,              //
                                                   0x55},
                                                  0x30);
  const absl::StatusOr<Site> site = FindStartSite(code, kVaddr, Arch::kAmd64, IsTheMorestack);
  ASSERT_TRUE(site.ok()) << site.status();
  EXPECT_EQ(site->kind, SiteKind::kPush);
  EXPECT_EQ(site->function_off, 18u);
}

TEST(CodeSitesTest, TakesTheBranchItselfWhereGo119HasNoPush) {
  // cmp 0x10(%r14),%rsp; jbe +0x26; sub $0x18,%rsp; mov %rbp,0x10(%rsp)
  const std::vector<uint8_t> code =
      Amd64Function({0x49, 0x3b, 0x66, 0x10, 0x76, 0x26, 0x48, 0x83, 0xec, 0x18, 0x48, 0x89, 0x6c, 0x24, 0x10}, 0x2c);
  const absl::StatusOr<Site> site = FindStartSite(code, kVaddr, Arch::kAmd64, IsTheMorestack);
  ASSERT_TRUE(site.ok()) << site.status();
  EXPECT_EQ(site->kind, SiteKind::kStackCheckBranch);
  EXPECT_EQ(site->function_off, 4u);
}

TEST(CodeSitesTest, TakesAPushAtTheVeryBeginning) {
  const std::vector<uint8_t> code = {0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3};
  const absl::StatusOr<Site> site = FindStartSite(code, kVaddr, Arch::kAmd64, IsTheMorestack);
  ASSERT_TRUE(site.ok()) << site.status();
  EXPECT_EQ(site->function_off, 0u);
}

TEST(CodeSitesTest, TakesTheCheckForPanicsOfAWrapperWithoutStackCheck) {
  // sub $8,%rsp; mov %rbp,(%rsp); lea (%rsp),%rbp; mov 0x20(%r14),%r12; test %r12,%r12; jne +0x19
  std::vector<uint8_t> code = {0x48, 0x83, 0xec, 0x08, 0x48, 0x89, 0x2c, 0x24, 0x48, 0x8d, 0x2c,
                               0x24, 0x4d, 0x8b, 0x66, 0x20, 0x4d, 0x85, 0xe4, 0x75, 0x19, 0xc3};
  const absl::StatusOr<Site> site = FindStartSite(code, kVaddr, Arch::kAmd64, IsTheMorestack);
  ASSERT_TRUE(site.ok()) << site.status();
  EXPECT_EQ(site->kind, SiteKind::kPanicCheckBranch);
  EXPECT_EQ(site->function_off, 19u);
  code[15] = 0x28;  // another field of g
  EXPECT_FALSE(FindStartSite(code, kVaddr, Arch::kAmd64, IsTheMorestack).ok());
}

TEST(CodeSitesTest, FindsDirectCallsOnly) {
  // nop; call kVaddr + 0x106; mov $0xe8,%eax; call *%rax
  const std::vector<uint8_t> code = {0x90, 0xe8, 0x00, 0x01, 0x00, 0x00, 0xb8, 0xe8, 0x00, 0x00, 0x00, 0xff, 0xd0};
  EXPECT_TRUE(Calls(code, kVaddr, Arch::kAmd64, kVaddr + 0x106));
  EXPECT_FALSE(Calls(code, kVaddr, Arch::kAmd64, kVaddr + 0x105));
  EXPECT_FALSE(Calls(code, kVaddr, Arch::kAmd64, kVaddr));
  // bl kVaddr + 0x40; b kVaddr + 0x40
  const std::vector<uint8_t> arm64 = {0x10, 0x00, 0x00, 0x94, 0x0f, 0x00, 0x00, 0x14};
  EXPECT_TRUE(Calls(arm64, kVaddr, Arch::kArm64, kVaddr + 0x40));
  EXPECT_FALSE(Calls(std::span(arm64).subspan(4), kVaddr + 4, Arch::kArm64, kVaddr + 0x40));
}

TEST(CodeSitesTest, RefusesABranchThatDoesNotLeadToMorestack) {
  const std::vector<uint8_t> code =
      Amd64Function({0x49, 0x3b, 0x66, 0x10, 0x76, 0x26, 0x55}, 0x2c, /*callee=*/0x470000);
  const absl::StatusOr<Site> site = FindStartSite(code, kVaddr, Arch::kAmd64, IsTheMorestack);
  EXPECT_EQ(site.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(base::Message(site.status()), HasSubstr("does not lead to runtime.morestack"));
}

TEST(CodeSitesTest, RefusesABranchOutOfTheFunction) {
  // jbe +0x70: behind the 64 bytes.
  const std::vector<uint8_t> code = Amd64Function({0x49, 0x3b, 0x66, 0x10, 0x76, 0x70, 0x55}, 0x2c);
  EXPECT_THAT(base::Message(FindStartSite(code, kVaddr, Arch::kAmd64, IsTheMorestack).status()),
              HasSubstr("out of the function"));
}

TEST(CodeSitesTest, RefusesAFunctionWithoutStackCheckOrPush) {
  // A nosplit leaf that begins with a five-byte nop: probing that one would be unsafe.
  const std::vector<uint8_t> code = {0x0f, 0x1f, 0x44, 0x00, 0x00, 0x31, 0xc0, 0xc3};
  const absl::StatusOr<Site> site = FindStartSite(code, kVaddr, Arch::kAmd64, IsTheMorestack);
  EXPECT_EQ(site.status().code(), absl::StatusCode::kUnimplemented);
}

TEST(CodeSitesTest, RefusesBytesThatAreNotCode) {
  const std::vector<uint8_t> code = {0x06, 0x06, 0x06, 0x06};
  EXPECT_THAT(base::Message(FindStartSite(code, kVaddr, Arch::kAmd64, IsTheMorestack).status()),
              HasSubstr("undecodable"));
  EXPECT_FALSE(FindStartSite({}, kVaddr, Arch::kAmd64, IsTheMorestack).ok());
}

TEST(CodeSitesTest, TakesTheBranchOfTheStackCheckOnArm64) {
  // ldr x16,[x28,#16]; cmp sp,x16; b.ls +0x18 (to 0x20); str x30,[sp,#-32]!; ret; ...; mov x3,x30; bl morestack; b -9
  const uint32_t words[] = {0xf9400b90, 0xeb3063ff, 0x540000c9, 0xf81e0ffe, 0xd65f03c0,
                            0xd503201f, 0xd503201f, 0xd503201f, 0xaa1e03e3, 0x97fd7ff7 /* bl kVaddr + 0x24 - 0xa0024 */,
                            0x17fffff6};
  std::vector<uint8_t> code;
  for (const uint32_t word : words) {
    for (int i = 0; i < 4; ++i) {
      code.push_back(static_cast<uint8_t>(word >> (8 * i)));
    }
  }
  const absl::StatusOr<Site> site =
      FindStartSite(code, kVaddr, Arch::kArm64, [](uint64_t vaddr) { return vaddr == kVaddr + 0x24 - 0xa0024; });
  ASSERT_TRUE(site.ok()) << site.status();
  EXPECT_EQ(site->kind, SiteKind::kStackCheckBranch);
  EXPECT_EQ(site->function_off, 8u);
}

}  // namespace
}  // namespace nodespan::attach
