// SPDX-License-Identifier: Apache-2.0
#include "attach/call_results.h"

#include <initializer_list>
#include <string>
#include <vector>

#include "attach/code_builder.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::attach {
namespace {

using goinspect::Arch;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kOther;
using testing::kVaddr;

constexpr uint64_t kCallee = 0x465000;

using Bytes = std::vector<uint8_t>;

Bytes Join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

// A direct call at offset `off` of the code.
Bytes CallAt(size_t off, uint64_t target) {
  const auto relative = static_cast<uint32_t>(target - (kVaddr + off + 5));
  return {0xe8, static_cast<uint8_t>(relative), static_cast<uint8_t>(relative >> 8),
          static_cast<uint8_t>(relative >> 16), static_cast<uint8_t>(relative >> 24)};
}

const Bytes kPrologue = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x40};  // push rbp; mov rbp, rsp; sub rsp, 0x40
const Bytes kEpilogue = {0x48, 0x83, 0xc4, 0x40, 0x5d, 0xc3};              // add rsp, 0x40; pop rbp; ret
const Bytes kStoreBx = {0x48, 0x89, 0x5c, 0x24, 0x10};                     // mov [rsp + 0x10], rbx
const Bytes kLoadBx = {0x48, 0x8b, 0x5c, 0x24, 0x10};                      // mov rbx, [rsp + 0x10]
const Bytes kTestCx = {0x48, 0x85, 0xc9};                                  // test rcx, rcx
const Bytes kClearCx = {0x31, 0xc9};                                       // xor ecx, ecx

CalleeKind NoneIsKnown(uint64_t) { return CalleeKind::kOther; }

absl::StatusOr<CallResults> Find(const Bytes& code, CallResultsOptions options, Arch arch = Arch::kAmd64) {
  return FindCallResults(code, kVaddr, arch, kCallee, options, NoneIsKnown);
}

// rcx and rdi are what the call returns as its words 2 and 3; then `je` over one byte.
Bytes LooksAtResult(const Bytes& between, const Bytes& before = {}) {
  const Bytes head = Join({kPrologue, kStoreBx, kLoadBx, before});
  return Join({head, CallAt(head.size(), kCallee), between, kTestCx, {0x74, 0x01, 0x90}, kEpilogue});
}

TEST(CallResultsTest, ResultsAreInTheirRegistersAtTheBranchBehindTheCall) {
  const auto found = Find(LooksAtResult({}), {.results = {2, 3}});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->function_off, 8U + 5 + 5 + 5 + 3);
  EXPECT_THAT(found->instruction, HasSubstr("je"));
  EXPECT_THAT(found->results, ElementsAre(ValueLocation{.kind = ValueLocation::Kind::kRegister, .reg = 2},
                                          ValueLocation{.kind = ValueLocation::Kind::kRegister, .reg = 3}));
  EXPECT_FALSE(found->argument.has_value());
}

TEST(CallResultsTest, AnArgumentIsInTheSlotItWasLoadedFrom) {
  const auto found = Find(LooksAtResult({}), {.results = {2}, .argument = 1, .stack_objects = {{}}});
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_TRUE(found->argument.has_value());
  EXPECT_EQ(found->argument->kind, ValueLocation::Kind::kStack);
  EXPECT_EQ(found->argument->sp_off, 0x10);
}

TEST(CallResultsTest, AnArgumentWhoseSlotIsWrittenOrSharedIsRefused) {
  const auto written = Find(LooksAtResult(kStoreBx), {.results = {2}, .argument = 1, .stack_objects = {{}}});
  EXPECT_THAT(std::string(base::Message(written.status())), HasSubstr("slot may change"));
  const std::vector<goinspect::StackObject> objects = {{.entry_sp_off = -0x48 + 0x10, .size_bytes = 8}};
  const auto shared = Find(LooksAtResult({}), {.results = {2}, .argument = 1, .stack_objects = objects});
  EXPECT_THAT(std::string(base::Message(shared.status())), HasSubstr("slot may change"));
}

TEST(CallResultsTest, AnArgumentThatIsComputedIsRefused) {
  const auto found = Find(LooksAtResult({}, /*before=*/{0x48, 0xff, 0xc3}),  // inc rbx
                          {.results = {2}, .argument = 1, .stack_objects = {{}}});
  EXPECT_EQ(found.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(base::Message(found.status())), HasSubstr("computed"));
}

TEST(CallResultsTest, AResultThatIsOverwrittenIsRefused) {
  const auto found = Find(LooksAtResult(kClearCx), {.results = {2, 3}});
  EXPECT_EQ(found.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(base::Message(found.status())), HasSubstr("overwritten"));
  EXPECT_TRUE(Find(LooksAtResult(kClearCx), {.results = {0, 1}}).ok());
}

TEST(CallResultsTest, AJumpBehindTheCallIsRefused) {
  // jmp to the test, past the call
  const Bytes head = Join({kPrologue, {0xeb, 0x05}});
  const Bytes code = Join({head, CallAt(head.size(), kCallee), kTestCx, {0x74, 0x01, 0x90}, kEpilogue});
  const auto found = Find(code, {.results = {2}});
  EXPECT_THAT(std::string(base::Message(found.status())), HasSubstr("a jump leads behind the call"));
}

TEST(CallResultsTest, WithoutAnEmulatedInstructionThereIsNoSite) {
  const Bytes code = Join({kPrologue, CallAt(kPrologue.size(), kCallee), kTestCx, kEpilogue});
  const auto found = Find(code, {.results = {2}});
  EXPECT_THAT(std::string(base::Message(found.status())), HasSubstr("no emulated instruction"));
}

TEST(CallResultsTest, OneCallIsWanted) {
  const Bytes none = Join({kPrologue, CallAt(kPrologue.size(), kOther), kEpilogue});
  EXPECT_EQ(Find(none, {.results = {0}}).status().code(), absl::StatusCode::kNotFound);
  const Bytes two = Join({kPrologue, CallAt(8, kCallee), CallAt(13, kCallee), kEpilogue});
  EXPECT_EQ(Find(two, {.results = {0}}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Find(none, {.results = {0}}, Arch::kArm64).status().code(), absl::StatusCode::kUnimplemented);
}

const Bytes kLoadAxFromClosure = {0x48, 0x8b, 0x42, 0x18};  // mov rax, [rdx + 0x18]
const Bytes kLoadDx = {0x48, 0x8b, 0x54, 0x24, 0x08};       // mov rdx, [rsp + 8]

TEST(CapturedArgumentTest, IsWhereTheClosureLoadsItFrom) {
  const Bytes head = Join({kPrologue, kLoadAxFromClosure, kLoadBx});
  const auto off = FindCapturedArgument(Join({head, CallAt(head.size(), kCallee)}), Arch::kAmd64, kVaddr, kCallee, 0);
  ASSERT_TRUE(off.ok()) << off.status();
  EXPECT_EQ(*off, 0x18);
}

TEST(CapturedArgumentTest, IsRefusedWhenItIsNotCertain) {
  const auto find = [](const Bytes& head, uint64_t called) {
    return FindCapturedArgument(Join({head, CallAt(head.size(), called)}), Arch::kAmd64, kVaddr, kCallee, 0).ok();
  };
  EXPECT_TRUE(find(kLoadAxFromClosure, kCallee));
  EXPECT_FALSE(find(kLoadAxFromClosure, kOther));
  EXPECT_FALSE(find(kLoadBx, kCallee));
  EXPECT_FALSE(find(Join({kLoadDx, kLoadAxFromClosure}), kCallee)) << "not the closure any more";
  EXPECT_FALSE(find(Join({kLoadAxFromClosure, {0x31, 0xc0}}), kCallee)) << "overwritten";
  EXPECT_FALSE(find(Join({kLoadAxFromClosure, CallAt(4, kOther)}), kCallee)) << "lost in another call";
}

TEST(DirectTargetsTest, AreCallsAndJumpsThatLeaveTheCode) {
  const Bytes code = Join({CallAt(0, kCallee), {0xeb, 0x00}, CallAt(7, kOther), CallAt(12, kCallee), {0xc3}});
  EXPECT_THAT(DirectTargets(code, kVaddr, Arch::kAmd64), ElementsAre(kCallee, kOther));
  EXPECT_THAT(DirectTargets({}, kVaddr, Arch::kAmd64), IsEmpty());
}

}  // namespace
}  // namespace nodespan::attach
