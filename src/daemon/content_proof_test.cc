// SPDX-License-Identifier: Apache-2.0
#include "daemon/content_proof.h"

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/inspection.h"
#include "daemon/memory_file.h"
#include "goinspect/fake_go_binary.h"
#include "gtest/gtest.h"

namespace nodespan::daemon {
namespace {

using goinspect::testing::FakeGoBinary;
using goinspect::testing::MakeFakeGoBinary;
using testing::ToFile;

TEST(ContentProofTest, KeyIsSizeAndBuildIds) {
  const FakeGoBinary fake = MakeFakeGoBinary({});
  const auto key = ReadContentKey(ToFile(fake.file).get());
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->go_build_id, "fake/build/id");
  EXPECT_EQ(key->gnu_build_id, "");
  EXPECT_EQ(key->file_bytes, fake.file.size());
  EXPECT_TRUE(key->has_build_id());
  EXPECT_FALSE(ReadContentKey(ToFile(MakeFakeGoBinary({.has_build_id = false}).file).get())->has_build_id());
  EXPECT_EQ(ReadContentKey(ToFile({'#', '!'}).get()).status().code(), absl::StatusCode::kNotFound);
}

TEST(ContentProofTest, ACopyIsRecognisedAndAForgeryIsNot) {
  const FakeGoBinary fake = MakeFakeGoBinary({});
  const auto inspection = Inspect(ToFile(fake.file).get());
  ASSERT_TRUE(inspection.ok()) << inspection.status();
  const ContentProof& proof = inspection->content_proof;
  EXPECT_TRUE(proof.Holds(ToFile(fake.file).get()));
  // The build id is the same in all of these: only the bytes that the inspection rests on tell.
  for (const uint64_t vaddr : {fake.pclntab_vaddr + 8, fake.moduledata_vaddr + 22 * 8}) {
    auto forged = fake.file;
    forged[fake.FileOffset(vaddr)] ^= 1;
    EXPECT_FALSE(proof.Holds(ToFile(forged).get())) << vaddr;
  }
  auto shorter = fake.file;
  shorter.resize(200);
  EXPECT_FALSE(proof.Holds(ToFile(shorter).get()));
  EXPECT_FALSE(proof.Holds(-1));
}

TEST(ContentProofTest, EverythingAnAnswerRestsOnIsEvidence) {
  const FakeGoBinary fake = MakeFakeGoBinary({});
  const base::UniqueFd fd = ToFile(fake.file);
  const auto binary = goinspect::GoBinary::Open(fd.get());
  ASSERT_TRUE(binary.ok()) << binary.status();
  const auto is_evidence = [&](uint64_t vaddr) {
    const size_t off = fake.FileOffset(vaddr);
    const auto& evidence = (*binary)->Evidence();
    return std::any_of(evidence.begin(), evidence.end(),
                       [off](const elf::FileRange& range) { return off - range.file_off < range.bytes; });
  };
  EXPECT_FALSE(is_evidence(fake.request_vaddr));
  EXPECT_FALSE(is_evidence(fake.itab_vaddr));
  ASSERT_TRUE((*binary)->FindStruct("net/http.Request").ok());
  EXPECT_TRUE(is_evidence(fake.request_vaddr + 56));
  uint64_t fields_vaddr = 0;
  std::copy_n(fake.file.begin() + static_cast<std::ptrdiff_t>(fake.FileOffset(fake.request_vaddr + 56)), 8,
              reinterpret_cast<uint8_t*>(&fields_vaddr));
  EXPECT_TRUE(is_evidence(fields_vaddr + 16)) << "the offset of the first field";
  ASSERT_TRUE((*binary)->FindItab("net/http.ResponseWriter", "*net/http.response").ok());
  EXPECT_TRUE(is_evidence(fake.itab_vaddr));
  EXPECT_TRUE(is_evidence(fake.response_pointer_vaddr));
  const std::string_view name[] = {"main.main"};
  const auto function = (*binary)->FindFunctions(name);
  ASSERT_TRUE(function[0].has_value());
  EXPECT_FALSE(is_evidence(function[0]->vaddr));
  ASSERT_TRUE((*binary)->Code(*function[0]).ok());
  EXPECT_TRUE(is_evidence(function[0]->vaddr));
}

TEST(ContentProofTest, WithoutABuildIdTheWholeFileIsCompared) {
  const FakeGoBinary fake = MakeFakeGoBinary({.has_build_id = false});
  const auto inspection = Inspect(ToFile(fake.file).get());
  ASSERT_TRUE(inspection.ok()) << inspection.status();
  EXPECT_EQ(inspection->content_proof.bytes(), fake.file.size());
  EXPECT_TRUE(inspection->content_proof.Holds(ToFile(fake.file).get()));
  for (size_t off = 0; off < fake.file.size(); off += 997) {
    auto other = fake.file;
    other[off] ^= 1;
    EXPECT_FALSE(inspection->content_proof.Holds(ToFile(other).get())) << off;
  }
}

}  // namespace
}  // namespace nodespan::daemon
