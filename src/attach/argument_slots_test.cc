// SPDX-License-Identifier: Apache-2.0
#include "attach/argument_slots.h"

#include <cstdint>
#include <vector>

#include "attach/code_builder.h"
#include "gtest/gtest.h"

namespace nodespan::attach {
namespace {

using testing::Code;
using testing::kMorestack;
using testing::kOther;
using testing::kVaddr;

CalleeKind MorestackOrOther(uint64_t vaddr) {
  return vaddr == kMorestack ? CalleeKind::kMorestack : CalleeKind::kOther;
}

uint16_t Slots(const Code& code, const std::vector<goinspect::StackObject>& objects = {}) {
  const auto found = FindArgumentSlots(code.bytes(), kVaddr, goinspect::Arch::kAmd64, objects, MorestackOrOther);
  EXPECT_TRUE(found.ok()) << found.status();
  return found.value_or(0);
}

// The frame has 0x48 bytes: the slot of word 0 is at rsp + 0x50, that of word 1 at rsp + 0x58.
constexpr uint8_t kFirst = 0x50;
constexpr uint8_t kSecond = 0x58;

TEST(ArgumentSlotsTest, ArgumentsThatAreKeptAtOnceAreFound) {
  EXPECT_EQ(Slots(Code().Prologue().Store(kFirst, kAx).Store(kSecond, kBx).Call(kOther).Epilogue()), 0b11);
  EXPECT_EQ(Slots(Code().Prologue().Store(kSecond, kBx).Call(kOther).Epilogue()), 0b10);
  EXPECT_EQ(Slots(Code().Prologue().Call(kOther).Epilogue()), 0);
}

TEST(ArgumentSlotsTest, TheSlotOfAnotherWordIsNotMeant) {
  EXPECT_EQ(Slots(Code().Prologue().Store(kFirst, kBx).Store(kSecond, kAx).Call(kOther).Epilogue()), 0);
}

TEST(ArgumentSlotsTest, WhatIsKeptOnlyAfterACallIsNotThereBefore) {
  EXPECT_EQ(Slots(Code().Prologue().Store(kSecond, kBx).Call(kOther).Store(kFirst, kAx).Epilogue()), 0b10);
}

TEST(ArgumentSlotsTest, WhatOneWayPassesByIsNotThere) {
  EXPECT_EQ(Slots(Code().Prologue().Add({0x74, 5}).Store(kFirst, kAx).Store(kSecond, kBx).Call(kOther).Epilogue()),
            0b10);
}

TEST(ArgumentSlotsTest, AWayThatReturnsAtOnceDoesNotMatter) {
  EXPECT_EQ(Slots(Code().Prologue().Add({0x74, 5 + 5}).Store(kFirst, kAx).Call(kOther).Epilogue()), 0b1);
  // one that calls before it returns does
  EXPECT_EQ(Slots(Code().Prologue().Add({0x74, 5}).Store(kFirst, kAx).Call(kOther).Epilogue()), 0);
}

TEST(ArgumentSlotsTest, WhatIsWrittenAgainOrSharedIsNotCertain) {
  EXPECT_EQ(Slots(Code().Prologue().Store(kFirst, kAx).Store(kSecond, kBx).Call(kOther).Store(kFirst, kAx).Epilogue()),
            0b10);
  EXPECT_EQ(Slots(Code().Prologue().Store(kFirst, kAx).Store(kSecond, kBx).Call(kOther).Epilogue(),
                  {{.entry_sp_off = 8, .size_bytes = 8}}),
            0b10);
}

TEST(ArgumentSlotsTest, TheArgumentItselfMayBeStoredTwice) {
  EXPECT_EQ(Slots(Code().Prologue().Store(kFirst, kAx).Add({0x74, 5}).Store(kFirst, kAx).Call(kOther).Epilogue()), 0b1);
  // not once the register may have been written, here by what is behind the second store
  EXPECT_EQ(
      Slots(Code().Prologue().Store(kFirst, kAx).Store(kFirst, kAx).Zero(kAx).Branch(4, 8 + 5).Call(kOther).Epilogue()),
      0);
}

TEST(ArgumentSlotsTest, AWordBehindSmallerOnesHasThePlaceThatIsNamed) {
  const Code code = Code().Prologue().Store(kSecond, kDi).Call(kOther).Epilogue();
  const auto is_kept = [&code](int word, int32_t slot_off) {
    return IsArgumentKept(code.bytes(), kVaddr, goinspect::Arch::kAmd64, std::nullopt, MorestackOrOther, word,
                          slot_off);
  };
  constexpr int kThird = 3;  // DI
  EXPECT_EQ(*is_kept(kThird, 16), true);
  EXPECT_EQ(*is_kept(kThird, 24), false);
  EXPECT_EQ(*is_kept(1, 16), false);
}

TEST(ArgumentSlotsTest, ARegisterThatIsWrittenHasNoArgumentAnyMore) {
  EXPECT_EQ(Slots(Code().Prologue().Add({0x31, 0xc0}).Store(kFirst, kAx).Store(kSecond, kBx).Call(kOther).Epilogue()),
            0b10);
}

TEST(ArgumentSlotsTest, GrowingTheStackKeepsThemInTheSamePlace) {
  // je to behind the epilogue: mov [rsp + 8], rax; call morestack; mov rax, [rsp + 8]; jmp to the start
  const Code code = Code()
                        .Add({0x74, 8 + 5 + 5 + 6})
                        .Prologue()
                        .Store(kFirst, kAx)
                        .Call(kOther)
                        .Epilogue()
                        .Store(8, kAx)
                        .Call(kMorestack)
                        .Add({0x48, 0x8b, 0x44, 0x24, 0x08, 0xeb, static_cast<uint8_t>(-43)});
  EXPECT_EQ(Slots(code), 0b1);
}

TEST(ArgumentSlotsTest, ArmIsNotSupported) {
  const std::vector<uint8_t> code = {0xc0, 0x03, 0x5f, 0xd6};
  EXPECT_EQ(FindArgumentSlots(code, kVaddr, goinspect::Arch::kArm64, std::nullopt, MorestackOrOther).status().code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace nodespan::attach
