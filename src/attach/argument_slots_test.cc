// SPDX-License-Identifier: Apache-2.0
#include "attach/argument_slots.h"

#include <initializer_list>
#include <vector>

#include "gtest/gtest.h"

namespace nodespan::attach {
namespace {

constexpr uint64_t kVaddr = 0x500000;
constexpr uint64_t kMorestack = 0x460000;
constexpr uint64_t kOther = 0x464000;

using Bytes = std::vector<uint8_t>;

CalleeKind Classify(uint64_t vaddr) { return vaddr == kMorestack ? CalleeKind::kMorestack : CalleeKind::kOther; }

class Code {
 public:
  Code& Add(std::initializer_list<uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes);
    return *this;
  }
  Code& Call(uint64_t vaddr) {
    const auto relative = static_cast<uint32_t>(vaddr - (kVaddr + bytes_.size() + 5));
    return Add({0xe8, static_cast<uint8_t>(relative), static_cast<uint8_t>(relative >> 8),
                static_cast<uint8_t>(relative >> 16), static_cast<uint8_t>(relative >> 24)});
  }
  Code& Prologue() { return Add({0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x40}); }  // push; mov; sub rsp, 0x40
  Code& Epilogue() { return Add({0x48, 0x83, 0xc4, 0x40, 0x5d, 0xc3}); }
  Code& StoreAx(uint8_t sp_off) { return Add({0x48, 0x89, 0x44, 0x24, sp_off}); }
  Code& StoreBx(uint8_t sp_off) { return Add({0x48, 0x89, 0x5c, 0x24, sp_off}); }
  Code& JumpOver(uint8_t bytes) { return Add({0x74, bytes}); }  // je

  uint16_t Slots(const std::vector<goinspect::StackObject>& objects = {}) const {
    const auto found = FindArgumentSlots(bytes_, kVaddr, goinspect::Arch::kAmd64, objects, Classify);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.value_or(0);
  }

 private:
  Bytes bytes_;
};

// The frame has 0x48 bytes: the slot of word 0 is at rsp + 0x50, that of word 1 at rsp + 0x58.
constexpr uint8_t kFirst = 0x50;
constexpr uint8_t kSecond = 0x58;

TEST(ArgumentSlotsTest, ArgumentsThatAreKeptAtOnceAreFound) {
  EXPECT_EQ(Code().Prologue().StoreAx(kFirst).StoreBx(kSecond).Call(kOther).Epilogue().Slots(), 0b11);
  EXPECT_EQ(Code().Prologue().StoreBx(kSecond).Call(kOther).Epilogue().Slots(), 0b10);
  EXPECT_EQ(Code().Prologue().Call(kOther).Epilogue().Slots(), 0);
}

TEST(ArgumentSlotsTest, TheSlotOfAnotherWordIsNotMeant) {
  EXPECT_EQ(Code().Prologue().StoreBx(kFirst).StoreAx(kSecond).Call(kOther).Epilogue().Slots(), 0);
}

TEST(ArgumentSlotsTest, WhatIsKeptOnlyAfterACallIsNotThereBefore) {
  EXPECT_EQ(Code().Prologue().StoreBx(kSecond).Call(kOther).StoreAx(kFirst).Epilogue().Slots(), 0b10);
}

TEST(ArgumentSlotsTest, WhatOneWayPassesByIsNotThere) {
  EXPECT_EQ(Code().Prologue().JumpOver(5).StoreAx(kFirst).StoreBx(kSecond).Call(kOther).Epilogue().Slots(), 0b10);
}

TEST(ArgumentSlotsTest, WhatIsWrittenAgainOrSharedIsNotCertain) {
  EXPECT_EQ(Code().Prologue().StoreAx(kFirst).StoreBx(kSecond).Call(kOther).StoreAx(kFirst).Epilogue().Slots(), 0b10);
  EXPECT_EQ(Code().Prologue().StoreAx(kFirst).StoreBx(kSecond).Call(kOther).Epilogue().Slots(
                {{.entry_sp_off = 8, .size_bytes = 8}}),
            0b10);
}

TEST(ArgumentSlotsTest, ARegisterThatIsWrittenHasNoArgumentAnyMore) {
  EXPECT_EQ(Code().Prologue().Add({0x31, 0xc0}).StoreAx(kFirst).StoreBx(kSecond).Call(kOther).Epilogue().Slots(), 0b10);
}

TEST(ArgumentSlotsTest, GrowingTheStackKeepsThemInTheSamePlace) {
  // je to behind the epilogue: mov [rsp + 8], rax; call morestack; mov rax, [rsp + 8]; jmp to the start
  const Code code = Code()
                        .JumpOver(8 + 5 + 5 + 6)
                        .Prologue()
                        .StoreAx(kFirst)
                        .Call(kOther)
                        .Epilogue()
                        .StoreAx(8)
                        .Call(kMorestack)
                        .Add({0x48, 0x8b, 0x44, 0x24, 0x08, 0xeb, static_cast<uint8_t>(-43)});
  EXPECT_EQ(code.Slots(), 0b1);
}

TEST(ArgumentSlotsTest, ArmIsNotSupported) {
  const Bytes code = {0xc0, 0x03, 0x5f, 0xd6};
  EXPECT_EQ(FindArgumentSlots(code, kVaddr, goinspect::Arch::kArm64, std::nullopt, Classify).status().code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace nodespan::attach
