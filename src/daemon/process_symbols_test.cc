// SPDX-License-Identifier: Apache-2.0
#include "daemon/process_symbols.h"

#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "goinspect/fake_go_binary.h"
#include "gtest/gtest.h"
#include "procfs/process_dir.h"

namespace nodespan::daemon {
namespace {

using goinspect::testing::FakeGoBinary;

class ProcessSymbolsTest : public ::testing::Test {
 protected:
  ProcessSymbolsTest() : fake_(goinspect::testing::MakeFakeGoBinary({})), fd_(::memfd_create("symbols", MFD_CLOEXEC)) {
    EXPECT_EQ(::write(fd_.get(), fake_.file.data(), fake_.file.size()), static_cast<ssize_t>(fake_.file.size()));
    const auto binary = goinspect::GoBinary::Open(fd_.get());
    EXPECT_TRUE(binary.ok()) << binary.status();
    const auto identity = procfs::ReadIdentity(fd_.get());
    EXPECT_TRUE(identity.ok()) << identity.status();
    symbols_.emplace(base::UniqueFd(::dup(fd_.get())), *identity, goinspect::Arch::kAmd64,
                     (*binary)->FindSymbolTables(), &base::Clock::Real());
  }

  uint64_t MainVaddr() const { return fake_.text_vaddr + 2 * FakeGoBinary::kFunctionBytes; }

  FakeGoBinary fake_;
  base::UniqueFd fd_;
  std::optional<ProcessSymbols> symbols_;
};

TEST_F(ProcessSymbolsTest, AFunctionHasANameAFileAndALine) {
  const model::CodeLocation* main = symbols_->FunctionAt(MainVaddr());
  ASSERT_NE(main, nullptr);
  EXPECT_EQ(main->function, "main.main");
  EXPECT_EQ(main->file, FakeGoBinary::kFileName);
  EXPECT_EQ(main->line, FakeGoBinary::kStartLine);
  EXPECT_EQ(symbols_->FunctionAt(MainVaddr() + 1), nullptr) << "no function begins there";
  EXPECT_EQ(symbols_->FunctionAt(0), nullptr);
}

TEST_F(ProcessSymbolsTest, AStackIsThatOfTheCallsBeforeItsReturnAddresses) {
  // Behind the last instruction of main.main, and in the middle of main.twice.
  const uint64_t behind_main = MainVaddr() + FakeGoBinary::kFunctionBytes;
  const std::vector<model::CodeLocation> stack = symbols_->StackOf({behind_main, behind_main + 10, 0x10});
  ASSERT_EQ(stack.size(), 2U);
  EXPECT_EQ(stack[0].function, "main.main");
  EXPECT_EQ(stack[0].line, 12U);
  EXPECT_EQ(stack[1].function, "main.twice");
  EXPECT_EQ(stack[1].line, 10U);
}

TEST_F(ProcessSymbolsTest, StacksThatDifferAllTheTimeAreNotAllLookedUp) {
  for (uint64_t i = 0; i < ProcessSymbols::kMaxStacks; ++i) {
    EXPECT_FALSE(symbols_->StackOf({MainVaddr() + 1, i}).empty());
  }
  EXPECT_TRUE(symbols_->StackOf({MainVaddr() + 2}).empty());
  EXPECT_FALSE(symbols_->StackOf({MainVaddr() + 1, 0}).empty()) << "it is kept";
}

TEST_F(ProcessSymbolsTest, ATypeHasANameAndAKind) {
  const model::CodeType pointer = symbols_->TypeAt(fake_.response_pointer_vaddr);
  EXPECT_EQ(pointer.name, "*net/http.response");
  EXPECT_EQ(pointer.kind, model::CodeType::Kind::kOther);
  EXPECT_EQ(symbols_->TypeAt(MainVaddr()).name, "");
}

TEST_F(ProcessSymbolsTest, AFileThatChangedGivesNoMoreNames) {
  ASSERT_NE(symbols_->FunctionAt(MainVaddr()), nullptr);
  ASSERT_EQ(::ftruncate(fd_.get(), static_cast<off_t>(fake_.file.size()) + 1), 0);
  EXPECT_NE(symbols_->FunctionAt(MainVaddr()), nullptr) << "found before";
  EXPECT_EQ(symbols_->FunctionAt(fake_.text_vaddr), nullptr);
}

TEST_F(ProcessSymbolsTest, AddressesThatAreMadeUpDoNotFillTheMemory) {
  for (uint64_t i = 0; i < 2 * ProcessSymbols::kMaxFunctions; ++i) {
    EXPECT_EQ(symbols_->FunctionAt(0x1000 + i), nullptr);
  }
  EXPECT_EQ(symbols_->FunctionAt(MainVaddr()), nullptr) << "it came too late";
}

}  // namespace
}  // namespace nodespan::daemon
