// SPDX-License-Identifier: Apache-2.0
// What a future release could change in a file is changed in a copy of a real executable: inspection gives the same
// answers as before or refuses with a reason, and never answers differently. `unseen` does what needs another compiler.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/errors.h"
#include "elf/image.h"
#include "goinspect/go_binary.h"
#include "goinspect/moduledata.h"
#include "goinspect/pclntab.h"

namespace nodespan::goinspect {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStructs[] = {"net/http.Request", "net/http.response", "net/http.pattern", "runtime.g",
                                    "runtime.m"};
constexpr uint64_t kFlagsOff = 20;  // of a type descriptor
constexpr uint8_t kUnknownFlag = 0x40;
constexpr size_t kTypesWord = 30;  // no later than `types` in any release

std::string Describe(const absl::StatusOr<StructType>& structure) {
  if (!structure.ok()) {
    return "refused: " + std::string(base::Message(structure.status()));
  }
  std::string text = structure->qualified_name + " " + std::to_string(structure->size_bytes);
  for (const Field& field : structure->fields) {
    text += " " + field.name + "@" + std::to_string(field.offset) + ":" + field.type_name;
  }
  return text;
}

// The executable of the newest Go among the default builds.
class UnseenReleaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("NODESPAN_TEST_BINARIES");
    ASSERT_NE(folder, nullptr) << "run by with_binaries.py";
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename().string().ends_with("-default")) {
        files.push_back(entry.path());
      }
    }
    if (files.empty()) {
      GTEST_SKIP() << "no Go toolchain can be had";
    }
    const fs::path newest = *std::max_element(files.begin(), files.end());
    std::ifstream file(newest, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    auto image = elf::Image::OpenBytes(bytes_);
    ASSERT_TRUE(image.ok()) << image.status();
    image_ = *std::move(image);
    const auto headers = FindPclntabHeaders(*image_);
    ASSERT_TRUE(headers.ok()) << headers.status();
    const auto module = FindModuledata(*image_, *headers);
    ASSERT_TRUE(module.ok()) << module.status();
    module_ = *module;
    changed_ = bytes_;
    original_ = Open(bytes_);
    ASSERT_NE(original_, nullptr);
  }

  static std::unique_ptr<GoBinary> Open(const std::vector<uint8_t>& bytes) {
    auto binary = GoBinary::OpenBytes(bytes);
    EXPECT_TRUE(binary.ok()) << binary.status();
    return binary.ok() ? *std::move(binary) : nullptr;
  }

  // In the copy that will be inspected.
  uint8_t* At(uint64_t vaddr) { return changed_.data() + image_->FileOffset(vaddr).value(); }

  void InsertModuledataWord(size_t index, uint64_t value) {
    uint8_t* words = At(module_.vaddr);
    std::memmove(words + 8 * (index + 1), words + 8 * index, 8 * (Moduledata::kWords - index - 1));
    std::memcpy(words + 8 * index, &value, sizeof(value));
  }

  void ExpectSameAnswers() {
    const auto binary = Open(changed_);
    ASSERT_NE(binary, nullptr);
    for (const char* name : kStructs) {
      EXPECT_EQ(Describe(binary->FindStruct(name)), Describe(original_->FindStruct(name)));
    }
    EXPECT_EQ(*binary->FindItab("net/http.ResponseWriter", "*net/http.response"),
              *original_->FindItab("net/http.ResponseWriter", "*net/http.response"));
    EXPECT_EQ(binary->FindMapLayout("net/http.Header")->group_bytes,
              original_->FindMapLayout("net/http.Header")->group_bytes);
  }

  std::vector<uint8_t> bytes_;
  std::vector<uint8_t> changed_;
  std::unique_ptr<elf::Image> image_;
  Moduledata module_;
  std::unique_ptr<GoBinary> original_;
};

TEST_F(UnseenReleaseTest, MoreWordsBeforeTheTypesOfModuledataChangeNothing) {
  for (const uint64_t value :
       {uint64_t{0}, uint64_t{4096}, module_.words[22], module_.pclntab.vaddr, uint64_t{~0ULL}}) {
    SCOPED_TRACE(value);
    changed_ = bytes_;
    InsertModuledataWord(kTypesWord, value);
    ExpectSameAnswers();
    InsertModuledataWord(kTypesWord + 2, value);
    ExpectSameAnswers();
  }
}

TEST_F(UnseenReleaseTest, ModuledataWithoutItsTypesIsRefused) {
  std::memset(At(module_.vaddr) + 8 * kTypesWord, 0, 8 * (Moduledata::kWords - kTypesWord));
  const auto binary = GoBinary::OpenBytes(changed_);
  EXPECT_EQ(binary.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_NE(binary.status().ToString().find("type descriptors not found"), std::string::npos) << binary.status();
}

TEST_F(UnseenReleaseTest, AnotherFunctionTableFormatIsRefusedByVersion) {
  for (const uint32_t magic : {0xfffffff2U, 0xffffffefU}) {
    changed_ = bytes_;
    std::memcpy(At(module_.pclntab.vaddr), &magic, sizeof(magic));
    const auto binary = GoBinary::OpenBytes(changed_);
    EXPECT_EQ(binary.status().code(), absl::StatusCode::kUnimplemented);
    EXPECT_NE(binary.status().ToString().find(original_->info().go_version), std::string::npos) << binary.status();
  }
}

TEST_F(UnseenReleaseTest, WordsInsertedBeforeTheTextOfModuledataAreRefused) {
  InsertModuledataWord(17, module_.words[17]);
  const auto binary = GoBinary::OpenBytes(changed_);
  EXPECT_EQ(binary.status().code(), absl::StatusCode::kUnimplemented) << binary.status();
  EXPECT_NE(binary.status().ToString().find("newer format"), std::string::npos) << binary.status();
}

TEST_F(UnseenReleaseTest, DescriptorsWithAnUnknownFlagAreNotRead) {
  for (const char* name : kStructs) {
    const auto structure = original_->FindStruct(name);
    if (!structure.ok()) {
      continue;  // net/http.pattern is younger than some releases
    }
    changed_ = bytes_;
    At(structure->vaddr)[kFlagsOff] |= kUnknownFlag;
    const auto binary = Open(changed_);
    ASSERT_NE(binary, nullptr);
    const auto changed = binary->FindStruct(name);
    EXPECT_FALSE(changed.ok()) << name;
    for (const char* other : kStructs) {
      const std::string answer = Describe(binary->FindStruct(other));
      EXPECT_TRUE(answer == Describe(original_->FindStruct(other)) || answer.starts_with("refused: ")) << answer;
    }
  }
}

// A field that kept its place in the list and moved in memory.
TEST_F(UnseenReleaseTest, OffsetsComeFromTheDescriptorAlone) {
  constexpr uint64_t kFieldsOff = 56;
  constexpr uint64_t kFieldBytes = 24;
  const auto request = original_->FindStruct("net/http.Request");
  ASSERT_TRUE(request.ok()) << request.status();
  uint64_t fields_vaddr = 0;
  std::memcpy(&fields_vaddr, At(request->vaddr) + kFieldsOff, sizeof(fields_vaddr));
  const size_t last = request->fields.size() - 1;
  uint8_t* offset = At(fields_vaddr + last * kFieldBytes + 16);
  uint64_t value = request->fields[last].offset;
  ASSERT_EQ(std::memcmp(offset, &value, sizeof(value)), 0) << "Go 1.18 or older";

  value += 8;  // beyond the end, unless the struct has grown as well
  std::memcpy(offset, &value, sizeof(value));
  EXPECT_EQ(Open(changed_)->FindStruct("net/http.Request").status().code(), absl::StatusCode::kDataLoss);
  const uint64_t grown = request->size_bytes + 8;
  std::memcpy(At(request->vaddr), &grown, sizeof(grown));
  const auto binary = Open(changed_);
  const auto moved = binary->FindStruct("net/http.Request");
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->fields[last].offset, value);

  value = request->fields[last - 1].offset;  // two fields in one place
  std::memcpy(offset, &value, sizeof(value));
  EXPECT_EQ(Open(changed_)->FindStruct("net/http.Request").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace nodespan::goinspect
