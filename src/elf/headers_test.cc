// SPDX-License-Identifier: Apache-2.0
#include "elf/headers.h"

#include <elf.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/errors.h"
#include "elf/elf_builder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::elf {
namespace {

using absl::StatusCode;
using testing::ElfBuilder;
using ::testing::HasSubstr;

absl::StatusOr<Headers> Parse(const std::vector<uint8_t>& file) {
  return ReadHeaders([&](uint64_t file_off, std::span<uint8_t> out) {
    if (file_off > file.size() || out.size() > file.size() - file_off) {
      return false;
    }
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(file_off), out.size(), out.begin());
    return true;
  });
}

ElfBuilder TwoSegments() {
  ElfBuilder builder;
  builder.Add(PT_LOAD, PF_R | PF_W, 0x600000, std::vector<uint8_t>(100), 50);
  builder.Add(PT_LOAD, PF_R | PF_X, 0x400000, std::vector<uint8_t>(200));
  return builder;
}

void ExpectError(const std::vector<uint8_t>& file, StatusCode code, const std::string& message) {
  const auto headers = Parse(file);
  ASSERT_FALSE(headers.ok()) << message;
  EXPECT_EQ(headers.status().code(), code) << headers.status();
  EXPECT_THAT(std::string(base::Message(headers.status())), HasSubstr(message));
}

TEST(HeadersTest, SegmentsComeInOrderOfAddress) {
  const auto headers = Parse(TwoSegments().Build());
  ASSERT_TRUE(headers.ok()) << headers.status();
  ASSERT_EQ(headers->loads.size(), 2U);
  EXPECT_EQ(headers->loads[0].vaddr, 0x400000U);
  EXPECT_TRUE(headers->loads[0].executable);
  EXPECT_FALSE(headers->loads[0].writable);
  EXPECT_EQ(headers->loads[1].file_bytes, 100U);
  EXPECT_EQ(headers->loads[1].mem_bytes, 150U);
  EXPECT_TRUE(headers->loads[1].writable);
  EXPECT_FALSE(headers->is_shared_object);
  EXPECT_FALSE(headers->has_interpreter);
  EXPECT_FALSE(headers->dynamic.has_value());
  EXPECT_EQ(headers->end_file_off, ElfBuilder::HeaderOffset(2));
}

TEST(HeadersTest, InterpreterDynamicNotesAndRelroAreReported) {
  const auto headers = Parse(ElfBuilder(EM_AARCH64, ET_DYN)
                                 .Add(PT_INTERP, PF_R, 0x40, {'x', 0})
                                 .Add(PT_NOTE, PF_R, 0x50, std::vector<uint8_t>(12))
                                 .Add(PT_DYNAMIC, PF_R, 0x60, std::vector<uint8_t>(32))
                                 .Add(PT_GNU_RELRO, PF_R, 0x1000, std::vector<uint8_t>(64))
                                 .Add(PT_LOAD, PF_R, 0, std::vector<uint8_t>(8))
                                 .Build());
  ASSERT_TRUE(headers.ok()) << headers.status();
  EXPECT_EQ(headers->machine, Machine::kAarch64);
  EXPECT_TRUE(headers->is_shared_object);
  EXPECT_TRUE(headers->has_interpreter);
  ASSERT_TRUE(headers->dynamic.has_value());
  EXPECT_EQ(headers->dynamic->bytes, 32U);
  ASSERT_EQ(headers->notes.size(), 1U);
  EXPECT_EQ(headers->notes[0].bytes, 12U);
  EXPECT_EQ(headers->relro_end_vaddr, 0x1040U);
}

TEST(HeadersTest, NamesWhatIsNotSupported) {
  struct Case {
    const char* message;
    StatusCode code;
    std::function<void(std::vector<uint8_t>&)> change;
  };
  const std::vector<Case> cases = {
      {"not an ELF file", StatusCode::kNotFound, [](auto& file) { file[1] = 'X'; }},
      {"32-bit", StatusCode::kUnimplemented, [](auto& file) { file[EI_CLASS] = ELFCLASS32; }},
      {"class 9", StatusCode::kDataLoss, [](auto& file) { file[EI_CLASS] = 9; }},
      {"big-endian", StatusCode::kUnimplemented, [](auto& file) { file[EI_DATA] = ELFDATA2MSB; }},
      {"byte order 7", StatusCode::kDataLoss, [](auto& file) { file[EI_DATA] = 7; }},
      {"machine riscv64 (243)", StatusCode::kUnimplemented,
       [](auto& file) { testing::Put<uint16_t>(file, offsetof(Elf64_Ehdr, e_machine), EM_RISCV); }},
      {"machine unknown (999)", StatusCode::kUnimplemented,
       [](auto& file) { testing::Put<uint16_t>(file, offsetof(Elf64_Ehdr, e_machine), 999); }},
      {"ELF type 4 is not an executable", StatusCode::kNotFound,
       [](auto& file) { testing::Put<uint16_t>(file, offsetof(Elf64_Ehdr, e_type), ET_CORE); }},
      {"0 program headers", StatusCode::kDataLoss,
       [](auto& file) { testing::Put<uint16_t>(file, offsetof(Elf64_Ehdr, e_phnum), 0); }},
      {"program headers of 57 bytes", StatusCode::kDataLoss,
       [](auto& file) { testing::Put<uint16_t>(file, offsetof(Elf64_Ehdr, e_phentsize), 57); }},
      {"65535 program headers", StatusCode::kResourceExhausted,
       [](auto& file) { testing::Put<uint16_t>(file, offsetof(Elf64_Ehdr, e_phnum), 65535); }},
      {"outside the file", StatusCode::kDataLoss,
       [](auto& file) { testing::Put<uint64_t>(file, offsetof(Elf64_Ehdr, e_phoff), file.size() - 10); }},
      {"outside the file", StatusCode::kDataLoss,
       [](auto& file) { testing::Put<uint64_t>(file, offsetof(Elf64_Ehdr, e_phoff), UINT64_MAX - 8); }},
      {"segments overlap", StatusCode::kDataLoss,
       [](auto& file) {
         testing::Put<uint64_t>(file, ElfBuilder::HeaderOffset(0) + offsetof(Elf64_Phdr, p_vaddr), 0x400010);
       }},
      {"impossible sizes", StatusCode::kDataLoss,
       [](auto& file) {
         testing::Put<uint64_t>(file, ElfBuilder::HeaderOffset(0) + offsetof(Elf64_Phdr, p_memsz), UINT64_MAX);
       }},
      {"impossible sizes", StatusCode::kDataLoss,
       [](auto& file) {
         testing::Put<uint64_t>(file, ElfBuilder::HeaderOffset(0) + offsetof(Elf64_Phdr, p_filesz), 1000);
       }},
      {"no PT_LOAD", StatusCode::kDataLoss,
       [](auto& file) {
         testing::Put<uint32_t>(file, ElfBuilder::HeaderOffset(0), PT_NULL);
         testing::Put<uint32_t>(file, ElfBuilder::HeaderOffset(1), PT_NULL);
       }},
  };
  for (const Case& test : cases) {
    std::vector<uint8_t> file = TwoSegments().Build();
    test.change(file);
    ExpectError(file, test.code, test.message);
  }
}

TEST(HeadersTest, EveryTruncationIsAnError) {
  const std::vector<uint8_t> file = TwoSegments().Build();
  for (size_t length = 0; length < ElfBuilder::HeaderOffset(2); ++length) {
    EXPECT_FALSE(Parse({file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length)}).ok()) << length;
  }
}

}  // namespace
}  // namespace nodespan::elf
