// SPDX-License-Identifier: Apache-2.0
#include "attach/end_sites.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "attach/code_builder.h"
#include "attach/go_callees.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::attach {
namespace {

using goinspect::Arch;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using testing::Code;
using testing::kOther;
using testing::kVaddr;

constexpr uint64_t kDeferReturn = 0x460000;
constexpr uint64_t kPanic = 0x461000;
constexpr uint64_t kWriteBarrier = 0x462000;
constexpr uint64_t kDuff = 0x463000;

CalleeKind Classify(uint64_t vaddr) {
  switch (vaddr) {
    case kDeferReturn: return CalleeKind::kDeferReturn;
    case kPanic: return CalleeKind::kNeverReturns;
    case kWriteBarrier: return CalleeKind::kWriteBarrier;
    case kDuff: return CalleeKind::kDuff;
    default: return CalleeKind::kOther;
  }
}

absl::StatusOr<std::vector<EndSite>> Find(const Code& code, const EndSiteOptions& options = {}) {
  return FindEndSites(code.bytes(), kVaddr, Arch::kAmd64, options, Classify);
}

absl::StatusOr<std::vector<int32_t>> FindSlots(const Code& code, std::vector<int> wanted = {0, 1}) {
  return FindDeferredResultSlots(code.bytes(), kVaddr, Arch::kAmd64, wanted, Classify);
}

// "call +13: [8] $0"
std::string Describe(const EndSite& site) {
  static constexpr const char* kKinds[] = {"call", "jump", "branch", "nop", "push", "return"};
  std::string text =
      fmt::format("{}{} +{}:", site.cold ? "cold " : "", kKinds[static_cast<int>(site.kind)], site.function_off);
  for (const ValueLocation& location : site.results) {
    switch (location.kind) {
      case ValueLocation::Kind::kRegister: text += fmt::format(" r{}", location.reg); break;
      case ValueLocation::Kind::kStack: text += fmt::format(" [{}]", location.sp_off); break;
      case ValueLocation::Kind::kConstant: text += fmt::format(" ${}", location.constant); break;
      case ValueLocation::Kind::kAddress: text += fmt::format(" &{:x}", location.vaddr); break;
      case ValueLocation::Kind::kMemory: text += fmt::format(" *{:x}", location.vaddr); break;
    }
  }
  if (site.edge.has_value()) {
    text += fmt::format(" if {} {}taken", site.edge->condition, site.edge->taken ? "" : "not ");
  }
  return text;
}

std::vector<std::string> Describe(const absl::StatusOr<std::vector<EndSite>>& sites) {
  EXPECT_TRUE(sites.ok()) << sites.status();
  std::vector<std::string> texts;
  if (sites.ok()) {
    for (const EndSite& site : *sites) {
      texts.push_back(Describe(site));
    }
  }
  return texts;
}

TEST(EndSitesTest, TakesTheCallBeforeAReturnOfSlotsAndConstants) {
  Code code;
  code.Prologue().Store(0x20, kAx).Call(kOther).Load(kAx, 0x20).Zero(kBx).Add({0xb9, 7, 0, 0, 0}).Epilogue();
  EXPECT_THAT(Describe(Find(code, {.wanted = {0, 1, 2}})), ElementsAre("call +13: [32] $0 $7"));
}

TEST(EndSitesTest, FollowsMovesStoresAndAddresses) {
  Code code;
  // mov rdx, rax; movups [rsp+0x28], xmm15; mov qword [rsp+0x10], 5; nop 66 90 after which all is loaded
  code.Prologue().Add({0x66, 0x90});
  code.Add({0x48, 0x89, 0xf2}).Store(0x20, kDx);         // mov rdx, rsi
  code.Add({0x44, 0x0f, 0x11, 0x7c, 0x24, 0x28});        // movups [rsp+0x28], xmm15
  code.Add({0x48, 0xc7, 0x44, 0x24, 0x10, 5, 0, 0, 0});  // mov qword [rsp+0x10], 5
  code.Load(kAx, 0x20).Load(kBx, 0x30).Load(kCx, 0x10);
  code.Add({0x48, 0x8d, 0x3d, 0x00, 0x10, 0, 0});  // lea rdi, [rip+0x1000]
  const std::string address = fmt::format("nop +8: r4 $0 $5 &{:x}", kVaddr + code.size() + 0x1000);
  code.Epilogue();
  EXPECT_THAT(Describe(Find(code, {.wanted = {0, 1, 2, 3}})), ElementsAre(address));
}

TEST(EndSitesTest, NamesSlotsFromTheStackPointerAtTheHit) {
  // At the push the frame is not there yet: the slot above the return address is at sp+16.
  Code code;
  code.Prologue().Load(kAx, 0x58).Epilogue();
  EXPECT_THAT(Describe(Find(code)), ElementsAre("push +0: [16]"));
}

TEST(EndSitesTest, TakesEveryJumpThatLeadsToAReturn) {
  Code code;
  code.Prologue().Test(kAx).Branch(4, 24).Zero(kAx).Jump(30);
  ASSERT_EQ(code.size(), 24u);
  code.Load(kAx, 0x20).Add({0x90}).Epilogue();
  EXPECT_THAT(Describe(Find(code)), ElementsAre("jump +19: r0", "nop +29: r0"));
}

TEST(EndSitesTest, CountsOnlyTheEdgeOfABranchThatLeadsToTheReturn) {
  Code code;
  code.Prologue().Test(kBx).Branch(5, 25).Zero(kBx).Epilogue();
  ASSERT_EQ(code.size(), 25u);
  code.Epilogue();
  EXPECT_THAT(Describe(Find(code, {.wanted = {0, 1}})),
              ElementsAre("branch +11: r0 $0 if 5 not taken", "branch +11: r0 r1 if 5 taken"));
}

TEST(EndSitesTest, CountsABranchAlwaysWhenBothEdgesBringTheSameValues) {
  Code code;
  code.Prologue().Branch(4, 19).Store(0x10, kDx);
  ASSERT_EQ(code.size(), 19u);
  code.Epilogue();
  EXPECT_THAT(Describe(Find(code)), ElementsAre("branch +8: r0"));
}

TEST(EndSitesTest, RefusesAResultThatComesStraightFromACall) {
  Code code;
  code.Prologue().Call(kOther).Epilogue();
  const auto sites = Find(code);
  EXPECT_EQ(sites.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(base::Message(sites.status()), HasSubstr("return at +18: result word 0 cannot be told before +8"));
  EXPECT_THAT(Describe(Find(code, {.allow_hot_returns = true})), ElementsAre("return +18: r0"));
}

TEST(EndSitesTest, RefusesASlotThatACalleeMayChange) {
  Code code;
  code.Prologue().Store(0x20, kAx).Add({0x48, 0x8d, 0x5c, 0x24, 0x18});  // lea rbx, [rsp+0x18]
  code.Call(kOther).Load(kAx, 0x20).Epilogue();
  EXPECT_THAT(base::Message(Find(code).status()), HasSubstr("result word 0 cannot be told"));

  // The compiler's list says what variable there is at the address: 8 bytes, and so not the slot; or 16.
  constexpr int32_t kEntryOff = 0x18 - 0x48;
  EXPECT_THAT(Describe(Find(code, {.stack_objects = {{{kEntryOff, 8}}}})), ElementsAre("call +18: [32]"));
  EXPECT_FALSE(Find(code, {.stack_objects = {{{kEntryOff, 16}}}}).ok());
}

TEST(EndSitesTest, RefusesASlotThatTheFunctionNeverStoresTo) {
  // What a callee without register arguments returns, for instance.
  Code code;
  code.Prologue().Call(kOther).Load(kAx, 0x08).Epilogue();
  EXPECT_FALSE(Find(code).ok());
}

TEST(EndSitesTest, PassesOverIndirectCallsWithPrivateSlotsOnly) {
  Code code;
  code.Prologue().Store(0x20, kAx).Add({0x90}).CallIndirect().Load(kAx, 0x20).Epilogue();
  EXPECT_THAT(Describe(Find(code)), ElementsAre("nop +13: [32]"));
  Code dirty;
  dirty.Prologue().Add({0x90}).CallIndirect().Epilogue();
  EXPECT_FALSE(Find(dirty).ok());
}

TEST(EndSitesTest, TheWriteBarrierKeepsRegisters) {
  Code code;
  code.Prologue().Call(kWriteBarrier).Add({0x49, 0x89, 0x13}).Epilogue();  // mov [r11], rdx
  EXPECT_THAT(Describe(Find(code, {.wanted = {0, 1, 2}})), ElementsAre("call +8: r0 r1 r2"));
  Code duff;
  duff.Prologue().Call(kDuff).Epilogue();
  EXPECT_THAT(Describe(Find(duff, {.wanted = {0, 1, 2}})), ElementsAre("call +8: r0 r1 r2"));
  EXPECT_FALSE(Find(duff, {.wanted = {3}}).ok());
}

TEST(EndSitesTest, AStoreThroughAPointerSparesSlotsItCannotReach) {
  // The slot's variable is known to others; the store goes through an argument, the buffer, or an unknown pointer.
  const auto function = [](std::initializer_list<uint8_t> load_pointer) {
    Code code;
    code.Prologue().Store(0x20, kAx).Add({0x90}).Add(load_pointer).Add({0x48, 0x89, 0x11});  // mov [rcx], rdx
    return code.Load(kAx, 0x20).Epilogue();
  };
  const EndSiteOptions options{.stack_objects = {{{0x20 - 0x48, 16}}}};
  EXPECT_THAT(Describe(Find(function({0x48, 0x8b, 0x4c, 0x24, 0x50}), options)),  // the argument's slot
              ElementsAre("nop +13: [32]"));
  EXPECT_THAT(Describe(Find(function({}), options)), ElementsAre("nop +13: [32]"));  // the argument's register
  EXPECT_FALSE(Find(function({0x48, 0x8b, 0x0a}), options).ok());                    // mov rcx, [rdx]
  EXPECT_FALSE(Find(function({0x48, 0x8d, 0x4c, 0x24, 0x20}), options).ok());        // lea rcx, [rsp+0x20]
}

TEST(EndSitesTest, ReadsAVariableOfTheProgramWhereNothingCanChangeIt) {
  // return io.EOF, behind what clears a result in the caller's frame.
  const auto function = [](std::initializer_list<uint8_t> load_pointer) {
    Code code;
    code.Prologue().Add({0x90}).Add(load_pointer);
    code.Add({0x44, 0x0f, 0x11, 0x39});              // movups [rcx], xmm15
    code.Add({0x48, 0x8b, 0x05, 0x00, 0x10, 0, 0});  // mov rax, [rip+0x1000]
    return code;
  };
  Code in_frame = function({0x48, 0x8d, 0x4c, 0x24, 0x50});  // lea rcx, [rsp+0x50]
  const std::string site = fmt::format("nop +8: *{:x}", kVaddr + in_frame.size() + 0x1000);
  EXPECT_THAT(Describe(Find(in_frame.Epilogue())), ElementsAre(site));
  EXPECT_FALSE(Find(function({}).Epilogue()).ok());                  // through an argument
  EXPECT_FALSE(Find(function({0x48, 0x8b, 0x0a}).Epilogue()).ok());  // mov rcx, [rdx]

  Code call;
  call.Prologue().Call(kOther).Add({0x48, 0x8b, 0x05, 0x00, 0x10, 0, 0});
  EXPECT_THAT(Describe(Find(call.Add({0x90}).Epilogue(), {.allow_hot_returns = true})),
              ElementsAre("nop +20: r0"));  // the load is before the site
  Code after_call;
  after_call.Prologue().Call(kOther).Add({0x48, 0x8b, 0x05, 0x00, 0x10, 0, 0});
  EXPECT_FALSE(Find(after_call.Epilogue()).ok());
}

TEST(EndSitesTest, TellsHowDeepTheStackIsAtTheHit) {
  Code code;
  code.Prologue().Store(0x20, kAx).Call(kOther).Load(kAx, 0x20).Epilogue();
  const auto sites = Find(code);
  ASSERT_TRUE(sites.ok());
  EXPECT_EQ(sites->front().frame_bytes, 0x48);
  const auto returns = Find(Code().Prologue().Call(kOther).Epilogue(), {.allow_hot_returns = true});
  ASSERT_TRUE(returns.ok());
  EXPECT_EQ(returns->front().frame_bytes, 0);
}

TEST(EndSitesTest, TakesTheReturnOfFailuresOnly) {
  // if err != nil { return nil, err }; return x, nil: AX, BX as (x, err) of a call.
  Code code;
  code.Prologue().Call(kOther).Store(0x20, kAx).Test(kBx).Branch(4, 35);
  code.Zero(kAx).Epilogue();
  ASSERT_EQ(code.size(), 35u);
  code.Call(kOther).Load(kAx, 0x20).Zero(kBx).Epilogue();
  EXPECT_THAT(Describe(Find(code, {.wanted = {0, 1}, .error_word = 1})),
              ElementsAre("cold return +34: r0 r1", "call +35: [32] $0"));
  // Without knowing which word is the error, the branch before it is taken.
  EXPECT_THAT(Describe(Find(code, {.wanted = {0, 1}})),
              ElementsAre("branch +21: $0 r1 if 4 not taken", "call +35: [32] $0"));
}

TEST(EndSitesTest, AVariableThatIsReturnedAsErrorIsOne) {
  // if bad { return io.EOF }: no probe on the branch, which calls that succeed come by.
  Code code;
  code.Prologue().Test(kAx).Branch(4, 30).Add({0x48, 0x8b, 0x05, 0, 0, 0, 0}).Epilogue();
  ASSERT_EQ(code.size(), 30u);
  code.Zero(kAx).Add({0x90}).Epilogue();
  EXPECT_THAT(Describe(Find(code, {.error_word = 0})), ElementsAre("cold return +29: r0", "nop +32: r0"));
}

TEST(EndSitesTest, AReturnThatMaySucceedIsNotCold) {
  Code code;
  code.Prologue().Call(kOther).Epilogue();
  EXPECT_FALSE(Find(code, {.wanted = {0, 1}, .error_word = 1}).ok());
  // return nil, f(): by Go's convention an error.
  Code failed;
  failed.Prologue().Call(kOther).Zero(kAx).Epilogue();
  EXPECT_THAT(Describe(Find(failed, {.wanted = {0, 1}, .error_word = 1})), ElementsAre("cold return +20: r0 r1"));
}

TEST(EndSitesTest, CanTakeOnlyReturnsThatLoadTheErrorFromTheStack) {
  Code code;
  code.Prologue().Test(kAx).Branch(4, 23).Epilogue();
  ASSERT_EQ(code.size(), 23u);
  code.Store(0x20, kBx).Call(kOther).Load(kAx, 0x20).Epilogue();
  const EndSiteOptions options{.error_word = 0, .returns = EndSiteOptions::Returns::kErrorFromStack};
  EXPECT_THAT(Describe(Find(code, options)), ElementsAre("call +28: [32]"));
}

TEST(EndSitesTest, NothingFollowsACallThatNeverReturns) {
  Code code;
  code.Prologue().Test(kAx).Branch(4, 22).Call(kPanic);
  ASSERT_EQ(code.size(), 22u);
  code.Epilogue();
  EXPECT_THAT(Describe(Find(code)), ElementsAre("branch +11: r0 if 4 taken"));
}

TEST(EndSitesTest, NopsBehindAPanicMayRunIntoTheMorestackBlock) {
  // jbe to the block; prologue; ...; call panic; nop; call morestack; jmp 0
  Code code;
  code.Branch(6, 30).Prologue().Add({0x90}).Epilogue().Call(kPanic).Add({0x90, 0x90, 0x90, 0x90});
  ASSERT_EQ(code.size(), 30u);
  code.Call(kOther).Jump(0);
  EXPECT_THAT(Describe(Find(code)), ElementsAre("nop +14: r0"));
}

TEST(EndSitesTest, NeverTakesWhatTheKernelWouldStep) {
  // nop of five bytes, then of three: neither is a site, so the push of the prologue is.
  Code code;
  code.Prologue().Add({0x0f, 0x1f, 0x44, 0x00, 0x00}).Add({0x0f, 0x1f, 0x00}).Epilogue();
  EXPECT_THAT(Describe(Find(code)), ElementsAre("push +0: r0"));
  Code leaf;
  leaf.Zero(kAx).Return();
  EXPECT_THAT(base::Message(Find(leaf).status()), HasSubstr("nothing emulated between"));
}

TEST(EndSitesTest, RefusesCodeItDoesNotUnderstand) {
  const auto message = [](const Code& code) { return std::string(base::Message(Find(code).status())); };
  EXPECT_THAT(message(Code().Add({0x90, 0x06})), HasSubstr("undecodable bytes at +1"));
  EXPECT_THAT(message(Code().Add({0x90, 0xff, 0xe1})), HasSubstr("a jump through a register or table at +1"));
  EXPECT_THAT(message(Code().Jump(0x1000)), HasSubstr("a branch out of the function at +0"));
  EXPECT_THAT(message(Code().Jump(2)), HasSubstr("a branch out of the function at +0"));  // into an instruction
  EXPECT_THAT(message(Code().Add({0x48, 0x89, 0xec}).Return()), HasSubstr("the stack pointer changes at +0"));
  EXPECT_THAT(message(Code().Add({0x55}).Return()), HasSubstr("8 bytes off at the return at +1"));
  EXPECT_THAT(message(Code().Add({0x5d}).Return()), HasSubstr("leaves the frame at +0"));
  EXPECT_THAT(message(Code().Add({0xe3, 0x00}).Return()), HasSubstr("unusual transfer of control at +0"));  // jrcxz
  EXPECT_THAT(message(Code().Branch(4, 7).Add({0x55}).Add({0x90})), HasSubstr("two depths of the stack at +7"));
  EXPECT_TRUE(absl::IsNotFound(Find(Code()).status()));
}

TEST(EndSitesTest, LimitsItsWork) {
  const std::vector<uint8_t> large(DecodedFunction::kMaxFunctionBytes + 1, 0x90);
  EXPECT_EQ(FindEndSites(large, kVaddr, Arch::kAmd64, {}, Classify).status().code(),
            absl::StatusCode::kResourceExhausted);
  Code returns;
  for (int i = 0; i < 1025; ++i) {
    returns.Branch(4, returns.size() + 7).Return();
  }
  returns.Return();
  EXPECT_EQ(Find(returns).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Find(Code().Return(), {.wanted = {9}}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Find(Code().Return(), {.wanted = {0}, .error_word = 1}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// A function with one open-coded deferred call: results in the slots 0x20 and 0x28, a byte of bits at 0x0f.
Code FunctionWithDefer(bool nop_before_return) {
  Code code;
  code.Prologue().Test(kAx).Branch(4, nop_before_return ? 54 : 53);
  code.Store(0x20, kAx).Store(0x28, kBx);
  code.Add({0xc6, 0x44, 0x24, 0x0f, 0x00}).CallIndirect();  // movb [rsp+0xf], 0; call [rdx]
  code.Load(kAx, 0x20).Load(kBx, 0x28).Add({0x48, 0x83, 0xc4, 0x40, 0x5d});
  if (nop_before_return) {
    code.Add({0x90});
  }
  code.Return();
  EXPECT_EQ(code.size(), nop_before_return ? 54u : 53u);
  code.Zero(kAx).Zero(kBx).Epilogue();
  code.Call(kDeferReturn).Load(kAx, 0x20).Load(kBx, 0x28).Epilogue();
  return code;
}

TEST(EndSitesTest, ReadsTheSlotsOfDeferredResultsWhereTheRecoveryDoes) {
  const auto slots = FindSlots(FunctionWithDefer(false));
  ASSERT_TRUE(slots.ok()) << slots.status();
  EXPECT_THAT(*slots, ElementsAre(0x20, 0x28));
  EXPECT_THAT(base::Message(FindSlots(FunctionWithDefer(false), {0, 2}).status()),
              HasSubstr("result word 2 is not loaded from a stack slot"));
}

TEST(EndSitesTest, LeavesOutTheReturnsOfDeferredCallsAndOfRecovery) {
  for (const bool nop_before_return : {false, true}) {
    const Code code = FunctionWithDefer(nop_before_return);
    const auto sites = Find(code, {.wanted = {0, 1}, .without_deferred = true});
    EXPECT_THAT(Describe(sites), ElementsAre("branch +11: $0 $0 if 4 taken"));
  }
}

TEST(EndSitesTest, RefusesDefersThatAreNotOpenCoded) {
  Code reached;
  reached.Prologue().Call(kDeferReturn).Load(kAx, 0x20).Load(kBx, 0x28).Epilogue();
  EXPECT_THAT(base::Message(FindSlots(reached).status()), HasSubstr("not open-coded"));
  EXPECT_THAT(base::Message(Find(reached).status()), HasSubstr("not open-coded"));
  EXPECT_THAT(Describe(Find(reached, {.allow_hot_returns = true})), ElementsAre("return +28: r0"));

  Code none;
  none.Prologue().Epilogue();
  EXPECT_THAT(base::Message(FindSlots(none).status()), HasSubstr("0 calls of runtime.deferreturn"));
  Code two = FunctionWithDefer(false);
  two.Call(kDeferReturn).Load(kAx, 0x20).Load(kBx, 0x28).Epilogue();
  EXPECT_THAT(base::Message(FindSlots(two).status()), HasSubstr("2 calls of runtime.deferreturn"));
}

TEST(EndSitesTest, TakesTheCallThatRunsDeferredFunctionsOnTheWayToAReturn) {
  Code code;
  code.Prologue().Store(0x20, kAx).Call(kDeferReturn).Load(kAx, 0x20).Epilogue();
  EXPECT_THAT(Describe(Find(code, {.allow_hot_returns = true, .stack_objects = std::vector<goinspect::StackObject>{}})),
              ElementsAre("call +13: [32]"));
  // A deferred function may have changed it.
  const std::vector<goinspect::StackObject> result = {{.entry_sp_off = -0x28, .size_bytes = 16}};
  EXPECT_THAT(Describe(Find(code, {.allow_hot_returns = true, .stack_objects = result})),
              ElementsAre("return +28: r0"));
}

TEST(EndSitesTest, RefusesDeferredResultsBehindAPointer) {
  Code code;
  code.Prologue().Epilogue().Call(kDeferReturn).Load(kAx, 0x20).Add({0x48, 0x8b, 0x00}).Epilogue();  // mov rax, [rax]
  EXPECT_THAT(base::Message(FindSlots(code, {0}).status()), HasSubstr("computed behind runtime.deferreturn"));
  Code branch;
  branch.Prologue().Epilogue().Call(kDeferReturn).Jump(8);
  EXPECT_THAT(base::Message(FindSlots(branch, {0}).status()), HasSubstr("no plain return"));
}

TEST(EndSitesTest, TakesEveryReturnOnArm64) {
  // mov x0, xzr; ret; ret
  const std::vector<uint8_t> code = {0xe0, 0x03, 0x1f, 0xaa, 0xc0, 0x03, 0x5f, 0xd6, 0xc0, 0x03, 0x5f, 0xd6};
  EXPECT_THAT(Describe(FindEndSites(code, kVaddr, Arch::kArm64, {.wanted = {0, 2}}, Classify)),
              ElementsAre("return +4: r0 r2", "return +8: r0 r2"));
  const std::vector<int> wanted = {0};
  EXPECT_EQ(FindDeferredResultSlots(code, kVaddr, Arch::kArm64, wanted, Classify).status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST(EndSitesTest, FindsDirectCalls) {
  Code code;
  code.Add({0x90}).Call(kOther).Call(kPanic).Jump(0).Call(kOther);
  const auto sites = FindCallSites(code.bytes(), kVaddr, Arch::kAmd64, kOther);
  ASSERT_TRUE(sites.ok());
  EXPECT_THAT(*sites, ElementsAre(1, 16));
  EXPECT_THAT(*FindCallSites(code.bytes(), kVaddr, Arch::kAmd64, kDuff), IsEmpty());
  // bl kVaddr + 0x40; b kVaddr + 0x40
  const std::vector<uint8_t> arm64 = {0x10, 0x00, 0x00, 0x94, 0x0f, 0x00, 0x00, 0x14};
  EXPECT_THAT(*FindCallSites(arm64, kVaddr, Arch::kArm64, kVaddr + 0x40), ElementsAre(0));
}

TEST(EndSitesTest, KnowsTheFunctionsOfTheRuntimeThatAreNoCalls) {
  EXPECT_EQ(CalleeKindOf("runtime.deferreturn"), CalleeKind::kDeferReturn);
  EXPECT_EQ(CalleeKindOf("runtime.gcWriteBarrier2"), CalleeKind::kWriteBarrier);
  EXPECT_EQ(CalleeKindOf("runtime.gcWriteBarrierCX"), CalleeKind::kWriteBarrier);
  EXPECT_EQ(CalleeKindOf("runtime.duffcopy"), CalleeKind::kDuff);
  EXPECT_EQ(CalleeKindOf("runtime.morestack_noctxt.abi0"), CalleeKind::kMorestack);
  for (const char* name : {"runtime.gopanic", "runtime.goPanicIndex", "runtime.panicSliceAcap", "runtime.throw",
                           "runtime.Goexit", "runtime.panicdivide"}) {
    EXPECT_EQ(CalleeKindOf(name), CalleeKind::kNeverReturns) << name;
  }
  EXPECT_EQ(CalleeKindOf("runtime.newproc"), CalleeKind::kOther);
  EXPECT_EQ(CalleeKindOf("main.panicIndex"), CalleeKind::kOther);
}

}  // namespace
}  // namespace nodespan::attach
