// SPDX-License-Identifier: Apache-2.0
// Over hand-made executables (fake_go_binary.h); real ones are in real_binaries_test.cc.
#include "goinspect/go_binary.h"

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/unique_fd.h"
#include "elf/elf_builder.h"
#include "gmock/gmock.h"
#include "goinspect/fake_go_binary.h"
#include "goinspect/printable.h"
#include "gtest/gtest.h"

namespace nodespan::goinspect {
namespace {

using absl::StatusCode;
using elf::testing::ElfBuilder;
using elf::testing::Put;
using testing::FakeGoBinary;
using testing::FakeOptions;
using ::testing::HasSubstr;
using testing::MakeFakeGoBinary;

base::UniqueFd ToFile(const std::vector<uint8_t>& bytes) {
  base::UniqueFd fd(::memfd_create("go_binary_test", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return fd;
}

template <typename T>
void ExpectStatus(const absl::StatusOr<T>& result, StatusCode code, const std::string& message) {
  EXPECT_EQ(result.status().code(), code) << result.status();
  EXPECT_THAT(std::string(base::Message(result.status())), HasSubstr(message));
}

std::unique_ptr<GoBinary> Open(const FakeGoBinary& fake) {
  auto binary = GoBinary::OpenBytes(fake.file);
  EXPECT_TRUE(binary.ok()) << binary.status();
  return binary.ok() ? *std::move(binary) : nullptr;
}

// The layouts that real releases and builds combine.
std::vector<FakeOptions> AllLayouts() {
  std::vector<FakeOptions> all;
  for (const bool pie : {false, true}) {
    for (const bool arm64 : {false, true}) {
      all.push_back({.arm64 = arm64,
                     .pie = pie,
                     .pclntab_magic = 0xfffffffa,
                     .absolute_entries = true,
                     .types_word = 35,
                     .etypes_word = 36,
                     .maps = FakeOptions::Maps::kClassic,
                     .map_descriptor_bytes = 88,
                     .field_offset_shift = 1});
      all.push_back({.arm64 = arm64,
                     .pie = pie,
                     .pclntab_magic = 0xfffffff0,
                     .types_word = 35,
                     .etypes_word = 36,
                     .maps = FakeOptions::Maps::kClassic,
                     .map_descriptor_bytes = 88,
                     .field_offset_shift = 1});
      all.push_back({.arm64 = arm64,
                     .pie = pie,
                     .pclntab_magic = 0xfffffff0,
                     .types_word = 35,
                     .etypes_word = 36,
                     .maps = FakeOptions::Maps::kClassic,
                     .map_descriptor_bytes = 88});
      all.push_back({.arm64 = arm64, .pie = pie, .maps = FakeOptions::Maps::kClassic, .map_descriptor_bytes = 88});
      all.push_back({.arm64 = arm64, .pie = pie});
      all.push_back({.arm64 = arm64,
                     .pie = pie,
                     .etypes_word = 39,
                     .maps = FakeOptions::Maps::kSplit,
                     .map_descriptor_bytes = 136});
    }
  }
  return all;
}

TEST(GoBinaryTest, AnswersAreTheSameInEveryLayout) {
  for (const FakeOptions& options : AllLayouts()) {
    SCOPED_TRACE(::testing::Message() << "types word " << options.types_word << "/" << options.etypes_word << " pie "
                                      << options.pie << " arm64 " << options.arm64);
    const FakeGoBinary fake = MakeFakeGoBinary(options);
    const auto binary = Open(fake);
    ASSERT_NE(binary, nullptr);
    EXPECT_EQ(binary->info().arch, options.arm64 ? Arch::kArm64 : Arch::kAmd64);
    EXPECT_EQ(binary->info().is_pie, options.pie);

    const auto request = binary->FindStruct("net/http.Request");
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_EQ(request->vaddr, fake.request_vaddr);
    EXPECT_EQ(request->size_bytes, 56U);
    ASSERT_EQ(request->fields.size(), 5U);
    EXPECT_EQ(request->fields[1].name, "URL");
    EXPECT_EQ(request->fields[1].offset, 16U);
    EXPECT_EQ(request->fields[1].kind, Kind::kPointer);
    EXPECT_EQ(request->fields[1].type_name, "*url.URL");
    EXPECT_EQ(request->fields[1].qualified_type_name, "*net/url.URL");
    EXPECT_EQ(request->fields[2].kind, Kind::kMap);
    EXPECT_EQ(request->fields[2].qualified_type_name, "net/http.Header");
    EXPECT_EQ(request->fields[4].qualified_type_name, "context.Context");
    EXPECT_EQ(request->FindField("Host"), nullptr);

    const auto itab = binary->FindItab("net/http.ResponseWriter", "*net/http.response");
    ASSERT_TRUE(itab.ok()) << itab.status();
    EXPECT_EQ(*itab, fake.itab_vaddr);
    EXPECT_EQ(*binary->FindType("*net/http.response"), fake.response_pointer_vaddr);

    const auto map = binary->FindMapLayout("net/http.Header");
    ASSERT_TRUE(map.ok()) << map.status();
    EXPECT_EQ(map->kind == MapLayout::Kind::kClassic, options.maps == FakeOptions::Maps::kClassic);
    EXPECT_EQ(map->group_bytes, options.maps == FakeOptions::Maps::kClassic ? 336U : 328U);
    EXPECT_EQ(map->key_off, 8U);
    EXPECT_EQ(map->elem_off, options.maps == FakeOptions::Maps::kSwiss ? 24U : 136U);
    EXPECT_EQ(map->key_stride, options.maps == FakeOptions::Maps::kSwiss ? 40U : 16U);
    EXPECT_EQ(map->elem_stride, options.maps == FakeOptions::Maps::kSwiss ? 40U : 24U);
    EXPECT_EQ(map->overflow_off, options.maps == FakeOptions::Maps::kClassic ? 328U : 0U);
    EXPECT_FALSE(map->key_is_pointer);
    EXPECT_FALSE(map->elem_is_pointer);
  }
}

TEST(GoBinaryTest, StackObjectsAreRefusedWhereTheirBaseCannotBeTold) {
  // The hand-made executables have no function data; those of real ones are looked at by tests/inspection.
  for (const bool arm64 : {false, true}) {
    const FakeGoBinary fake = MakeFakeGoBinary({.arm64 = arm64});
    const auto binary = Open(fake);
    ASSERT_NE(binary, nullptr);
    const auto objects = binary->StackObjects(*binary->FunctionAt(fake.text_vaddr));
    EXPECT_EQ(objects.status().code(), absl::StatusCode::kUnimplemented) << objects.status();
  }
}

TEST(GoBinaryTest, FunctionsAreFoundByNameAndByAddress) {
  const FakeGoBinary fake = MakeFakeGoBinary({});
  const auto binary = Open(fake);
  ASSERT_NE(binary, nullptr);
  const std::vector<std::string_view> names = {"main.main",          "main.mai",  "",
                                               "runtime.casgstatus", "main.main", "main.main.func1"};
  const auto functions = binary->FindFunctions(names);
  ASSERT_EQ(functions.size(), names.size());
  ASSERT_TRUE(functions[0].has_value());
  EXPECT_EQ(functions[0]->vaddr, fake.text_vaddr + 2 * FakeGoBinary::kFunctionBytes);
  EXPECT_EQ(functions[0]->size_bytes, FakeGoBinary::kFunctionBytes);
  EXPECT_EQ(functions[0]->file_off, fake.FileOffset(functions[0]->vaddr));
  EXPECT_FALSE(functions[1].has_value());
  EXPECT_FALSE(functions[2].has_value());
  EXPECT_TRUE(functions[3].has_value());
  ASSERT_TRUE(functions[4].has_value());
  EXPECT_EQ(functions[4]->vaddr, functions[0]->vaddr);
  EXPECT_FALSE(functions[5].has_value());
  EXPECT_TRUE(binary->FindFunctions({}).empty());

  EXPECT_EQ(binary->FunctionAt(fake.text_vaddr)->name, "runtime.casgstatus");
  EXPECT_EQ(binary->FunctionAt(functions[0]->vaddr + 31)->name, "main.main");
  EXPECT_EQ(binary->FunctionAt(functions[0]->vaddr + 32)->name, "main.twice");
  EXPECT_FALSE(binary->FunctionAt(fake.text_vaddr - 1).has_value());
  EXPECT_FALSE(binary->FunctionAt(fake.text_vaddr + 6 * 32).has_value());
  const auto code = binary->Code(*functions[0]);
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(code->size(), 32U);
  EXPECT_EQ(code->front(), 0xcc);
}

TEST(GoBinaryTest, OfTwoFunctionsOfOneNameTheLargerIsTheRealOne) {
  const FakeGoBinary fake = MakeFakeGoBinary({});
  const auto binary = Open(fake);
  const std::string_view name = "main.twice";
  const auto functions = binary->FindFunctions({&name, 1});
  ASSERT_TRUE(functions[0].has_value());
  EXPECT_EQ(functions[0]->size_bytes, 2 * FakeGoBinary::kFunctionBytes);
}

TEST(GoBinaryTest, PatternsFindTheFunctionsThatNamesFind) {
  for (const FakeOptions& options : AllLayouts()) {
    const FakeGoBinary fake = MakeFakeGoBinary(options);
    const auto binary = Open(fake);
    ASSERT_NE(binary, nullptr);
    std::vector<std::string_view> names(std::begin(FakeGoBinary::kFunctionNames),
                                        std::end(FakeGoBinary::kFunctionNames));
    names.insert(names.end(), {"main.mai", "ain.main", "e", ""});
    const auto matches = binary->MatchFunctions(names);
    const auto found = binary->FindFunctions(names);
    ASSERT_EQ(matches.size(), names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      ASSERT_EQ(matches[i].functions.size(), found[i].has_value() ? 1U : 0U) << names[i];
      if (found[i].has_value()) {
        EXPECT_EQ(matches[i].functions[0].name, names[i]);
        EXPECT_EQ(matches[i].functions[0].vaddr, found[i]->vaddr) << names[i];
        EXPECT_EQ(matches[i].functions[0].size_bytes, found[i]->size_bytes) << names[i];
      }
      EXPECT_FALSE(matches[i].is_inlined) << names[i];
    }
  }
}

TEST(GoBinaryTest, CodeOutsideTheFileIsDataLoss) {
  const auto fake = MakeFakeGoBinary({});
  const auto binary = Open(fake);
  ExpectStatus(binary->Code({.name = "f", .vaddr = 0x10, .size_bytes = 4}), StatusCode::kDataLoss, "code of f");
  ExpectStatus(binary->Code({.name = "f", .vaddr = 0x401000, .size_bytes = UINT64_MAX}), StatusCode::kDataLoss, "code");
}

TEST(GoBinaryTest, InfoTellsWhatTheLinkerWroteDown) {
  const auto fake = MakeFakeGoBinary({});
  const auto binary = Open(fake);
  const BinaryInfo& info = binary->info();
  EXPECT_EQ(info.go_version, "go1.26.8");
  EXPECT_EQ(info.main_module, "example.com/app");
  EXPECT_EQ(info.go_build_id, "fake/build/id");
  EXPECT_EQ(info.gnu_build_id, "");
  EXPECT_TRUE(info.is_dynamic);
  EXPECT_FALSE(info.has_symbol_table);
  EXPECT_EQ(info.function_count, 5U);
  EXPECT_EQ(info.file_bytes, fake.file.size());
}

TEST(GoBinaryTest, BuildInfoIsOptional) {
  const auto fake = MakeFakeGoBinary({.has_build_info = false, .has_build_id = false});
  const auto binary = Open(fake);
  ASSERT_NE(binary, nullptr);
  EXPECT_EQ(binary->info().go_version, "");
  EXPECT_TRUE(binary->FindStruct("net/http.Request").ok());
}

TEST(GoBinaryTest, ContentHashFollowsTheContent) {
  const auto hash = [](const FakeOptions& options) { return Open(MakeFakeGoBinary(options))->info().content_hash; };
  EXPECT_EQ(hash({}), hash({}));
  EXPECT_NE(hash({}), hash({.go_version = "go1.26.9"}));
  EXPECT_NE(hash({}), hash({.has_build_id = false}));
  EXPECT_NE(hash({}), hash({.filler_types = 121}));
  EXPECT_NE(hash({}), hash({.module_text = "path\tx\n"}));
}

TEST(GoBinaryTest, TypesAreQualifiedByTheWholePackagePath) {
  const auto fake = MakeFakeGoBinary({});
  const auto binary = Open(fake);
  EXPECT_TRUE(binary->FindStruct("gopkg.in/yaml.v3.Pair[net/http.Request,int]").ok());
  EXPECT_TRUE(binary->FindType("string").ok());
  ExpectStatus(binary->FindStruct("http.Request"), StatusCode::kNotFound, "no type http.Request");
  ExpectStatus(binary->FindStruct("net/http.Header"), StatusCode::kNotFound, "not a struct");
  ExpectStatus(binary->FindMapLayout("net/http.Request"), StatusCode::kNotFound, "not a map");
  ExpectStatus(binary->FindType("*main.none"), StatusCode::kNotFound, "no type *main.none");
  ExpectStatus(binary->FindItab("context.Context", "*net/http.response"), StatusCode::kNotFound, "never converted");
}

TEST(GoBinaryTest, AmbiguousNamesAreRefused) {
  const auto fake = MakeFakeGoBinary({});
  ExpectStatus(Open(fake)->FindStruct("main.local"), StatusCode::kFailedPrecondition, "2 types are called main.local");
}

TEST(GoBinaryTest, PointerTypeIsFoundEvenWhenItsTargetDoesNotKnowIt) {
  auto fake = MakeFakeGoBinary({});
  const auto target = Open(fake)->FindType("net/http.response");
  Put<uint32_t>(fake.file, fake.FileOffset(*target) + 44, 0);
  EXPECT_EQ(*Open(fake)->FindType("*net/http.response"), fake.response_pointer_vaddr);
}

TEST(GoBinaryTest, ContradictoryStructsAreDataLoss) {
  struct Case {
    const char* what;
    size_t offset;
    uint64_t value;
  };
  for (const Case& test : {Case{"huge count", 64, 65536}, Case{"absurd count", 64, UINT64_MAX},
                           Case{"fields outside", 56, 0x401000}, Case{"fields nowhere", 56, 8}}) {
    auto fake = MakeFakeGoBinary({});
    Put<uint64_t>(fake.file, fake.FileOffset(fake.request_vaddr) + test.offset, test.value);
    SCOPED_TRACE(test.what);
    ExpectStatus(Open(fake)->FindStruct("net/http.Request"), StatusCode::kDataLoss, "contradicts itself");
  }
  // Fields: beyond the struct, running backwards, of a type that is none.
  for (const auto& [offset, value] : {std::pair<size_t, uint64_t>{16, 100}, {24 + 16, 0}, {8, 0x500000}}) {
    auto fake = MakeFakeGoBinary({});
    const size_t fields_at = fake.FileOffset(fake.request_vaddr) + 56;
    uint64_t fields_vaddr = 0;
    std::memcpy(&fields_vaddr, fake.file.data() + fields_at, 8);
    const size_t at = fake.FileOffset(fields_vaddr) + offset + (value == 0 ? 24 : 0);
    Put<uint64_t>(fake.file, at, value);
    ExpectStatus(Open(fake)->FindStruct("net/http.Request"), StatusCode::kDataLoss, "contradicts itself");
  }
}

TEST(GoBinaryTest, TypeThatContainsItselfEnds) {
  auto fake = MakeFakeGoBinary({});
  const size_t fields_at = fake.FileOffset(fake.request_vaddr) + 56;
  uint64_t fields_vaddr = 0;
  std::memcpy(&fields_vaddr, fake.file.data() + fields_at, 8);
  Put<uint64_t>(fake.file, fake.FileOffset(fields_vaddr) + 8, fake.request_vaddr);
  ExpectStatus(Open(fake)->FindStruct("net/http.Request"), StatusCode::kDataLoss, "contradicts itself");
}

TEST(GoBinaryTest, ANameOfTwoGigabytesIsNotRead) {
  const auto file_with = [](std::string_view name, std::string_view length) {
    auto fake = MakeFakeGoBinary({});
    const auto at = std::search(fake.file.begin(), fake.file.end(), name.begin(), name.end());
    EXPECT_NE(at, fake.file.end());
    std::copy(length.begin(), length.end(), at - 1);  // over the length and the first letters
    return fake.file;
  };
  const std::string two_gigabytes = "\x80\x80\x80\x80\x08";
  // Of a field: the struct contradicts itself. Of a type: there is no such type.
  ExpectStatus((*GoBinary::OpenBytes(file_with("ContentLength", two_gigabytes)))->FindStruct("net/http.Request"),
               StatusCode::kDataLoss, "descriptor of net/http.Request contradicts itself");
  ExpectStatus((*GoBinary::OpenBytes(file_with("*http.Request", two_gigabytes)))->FindStruct("net/http.Request"),
               StatusCode::kNotFound, "no type net/http.Request");
}

TEST(GoBinaryTest, GiantCountsAreRefusedWithoutReadingThatFar) {
  const auto with_word = [](uint64_t FakeGoBinary::*base, uint64_t offset, uint64_t value) {
    auto fake = MakeFakeGoBinary({});
    Put<uint64_t>(fake.file, fake.FileOffset(fake.*base + offset), value);
    return GoBinary::OpenBytes(fake.file);
  };
  // Functions in the header; bytes of names and length of functab in moduledata.
  ExpectStatus(with_word(&FakeGoBinary::pclntab_vaddr, 8, uint64_t{1} << 40), StatusCode::kUnimplemented,
               "no function table that is known");
  ExpectStatus(with_word(&FakeGoBinary::moduledata_vaddr, 2 * 8, uint64_t{1} << 62), StatusCode::kUnimplemented,
               "nothing points back to the function table");
  ExpectStatus(with_word(&FakeGoBinary::moduledata_vaddr, 17 * 8, uint64_t{1} << 31), StatusCode::kUnimplemented,
               "nothing points back to the function table");
}

TEST(GoBinaryTest, OverlappingSegmentsAreRefused) {
  auto fake = MakeFakeGoBinary({});
  // The second segment begins inside the first one.
  Put<uint64_t>(fake.file, ElfBuilder::HeaderOffset(1) + offsetof(Elf64_Phdr, p_vaddr), fake.text_vaddr + 8);
  ExpectStatus(GoBinary::OpenBytes(fake.file), StatusCode::kDataLoss, "PT_LOAD segments overlap at");
}

TEST(GoBinaryTest, RefusesWithAReasonWhatItRecognises) {
  const auto open = [](const FakeOptions& options) { return GoBinary::OpenBytes(MakeFakeGoBinary(options).file); };
  ExpectStatus(open({.pclntab_magic = 0xfffffffb, .go_version = "go1.15.15"}), StatusCode::kUnimplemented,
               "built with go1.15.15, Go 1.15 or older");
  ExpectStatus(open({.pclntab_magic = 0xfffffffb, .has_build_info = false}), StatusCode::kUnimplemented,
               "Go 1.15 or older");
  ExpectStatus(open({.pclntab_magic = 0xfffffff2}), StatusCode::kUnimplemented, "no function table that is known");
  ExpectStatus(open({.pclntab_magic = 0x12345678, .go_version = "unknown", .has_build_id = false}),
               StatusCode::kUnimplemented, "garble");
  ExpectStatus(open({.pclntab_magic = 0x12345678, .has_build_info = false, .has_build_id = false}),
               StatusCode::kNotFound, "not a Go executable");
  ExpectStatus(open({.pie = true, .module_text = "path\tx\nbuild\t-buildmode=plugin\n"}), StatusCode::kUnimplemented,
               "-buildmode=plugin");
  ExpectStatus(open({.filler_types = 0}), StatusCode::kUnimplemented, "type descriptors not found");
}

TEST(GoBinaryTest, StaticPieIsAnExecutableLikeAnyOther) {
  const auto fake = MakeFakeGoBinary({.pie = true, .has_interpreter = false});
  const auto binary = Open(fake);
  ASSERT_NE(binary, nullptr);
  EXPECT_TRUE(binary->info().is_pie);
  EXPECT_FALSE(binary->info().is_dynamic);
  EXPECT_TRUE(binary->FindStruct("net/http.Request").ok());
}

TEST(GoBinaryTest, ObfuscatedTypeNamesAreRefused) {
  auto fake = MakeFakeGoBinary({});
  const std::string name = "*runtime.m";
  const auto at = std::search(fake.file.begin(), fake.file.end(), name.begin(), name.end());
  ASSERT_NE(at, fake.file.end());
  std::copy_n("*xxxxxxx.y", name.size(), at);
  ExpectStatus(Open(fake)->FindStruct("net/http.Request"), StatusCode::kUnimplemented, "obfuscated");
}

TEST(GoBinaryTest, RefusesPackedFiles) {
  auto fake = MakeFakeGoBinary({.has_build_info = false, .has_build_id = false});
  uint16_t count = 0;
  std::memcpy(&count, fake.file.data() + offsetof(Elf64_Ehdr, e_phnum), sizeof(count));
  std::memcpy(fake.file.data() + ElfBuilder::HeaderOffset(count) + 4, "UPX!", 4);
  ExpectStatus(GoBinary::OpenBytes(fake.file), StatusCode::kUnimplemented, "packed by UPX");
  EXPECT_EQ(LooksLikeGo(ToFile(fake.file).get()).code(), StatusCode::kUnimplemented);
}

TEST(GoBinaryTest, ForeignCompilersAreNamed) {
  for (const auto& [trace, compiler] :
       {std::pair<std::string, std::string>{"libgo.so.21", "gccgo"}, {"tinygo", "TinyGo"}}) {
    const auto file = ElfBuilder()
                          .Add(PT_LOAD, PF_R | PF_X, 0x400000, std::vector<uint8_t>(64))
                          .Add(PT_LOAD, PF_R, 0x500000, std::vector<uint8_t>(trace.begin(), trace.end()))
                          .Build();
    ExpectStatus(GoBinary::OpenBytes(file), StatusCode::kUnimplemented, "built with " + compiler);
  }
}

TEST(GoBinaryTest, AnExecutableEmbeddedInTheDataIsNotTaken) {
  // The header of another program's function table comes first in read-only data; nothing points back to it.
  const auto fake = MakeFakeGoBinary({});
  std::vector<uint8_t> copy(fake.file.begin() + static_cast<std::ptrdiff_t>(fake.FileOffset(fake.pclntab_vaddr)),
                            fake.file.begin() + static_cast<std::ptrdiff_t>(fake.FileOffset(fake.types_vaddr)));
  auto with_copy = fake;
  Put<uint32_t>(with_copy.file, with_copy.file.size(), 0);
  const size_t text_header = ElfBuilder::HeaderOffset(0);
  // The text segment is moved behind the end of the file and is not executable any more: a second read-only segment.
  with_copy.file.resize((with_copy.file.size() + 4095) / 4096 * 4096);
  Put<uint64_t>(with_copy.file, text_header + offsetof(Elf64_Phdr, p_offset), with_copy.file.size());
  Put<uint64_t>(with_copy.file, text_header + offsetof(Elf64_Phdr, p_filesz), copy.size());
  Put<uint64_t>(with_copy.file, text_header + offsetof(Elf64_Phdr, p_memsz), copy.size());
  Put<uint32_t>(with_copy.file, text_header + offsetof(Elf64_Phdr, p_flags), PF_R);
  with_copy.file.insert(with_copy.file.end(), copy.begin(), copy.end());
  const auto binary = Open(with_copy);
  ASSERT_NE(binary, nullptr);
  EXPECT_TRUE(binary->FindStruct("net/http.Request").ok());
}

TEST(GoBinaryTest, TooManyFunctionTablesAreRefused) {
  const auto fake = MakeFakeGoBinary({});
  std::vector<uint8_t> tables;
  for (int i = 0; i < 20; ++i) {
    const auto begin = fake.file.begin() + static_cast<std::ptrdiff_t>(fake.FileOffset(fake.pclntab_vaddr));
    tables.insert(tables.end(), begin, begin + 72);
  }
  ExpectStatus(GoBinary::OpenBytes(ElfBuilder().Add(PT_LOAD, PF_R, 0x400000, tables).Build()),
               StatusCode::kResourceExhausted, "candidates");
}

TEST(GoBinaryTest, NamesThatTakeTooLongAreRefused) {
  const auto fake = MakeFakeGoBinary({.long_named_types = 600, .long_names_differ = true});  // 36 MB of names
  const auto binary = Open(fake);
  ASSERT_NE(binary, nullptr);
  ExpectStatus(binary->FindStruct("net/http.Request"), StatusCode::kResourceExhausted, "too much space");
  ExpectStatus(binary->FindItab("a.B", "c.D"), StatusCode::kResourceExhausted, "too much space");
}

TEST(GoBinaryTest, ANameThatManyTypesShareIsReadOnce) {
  const auto fake = MakeFakeGoBinary({.long_named_types = 5000});  // 300 MB if each read its own
  const auto binary = Open(fake);
  ASSERT_NE(binary, nullptr);
  EXPECT_TRUE(binary->FindStruct("net/http.Request").ok());
  // To tell them apart each would have to be read.
  ExpectStatus(binary->FindType(std::string(60'000, 'x')), StatusCode::kFailedPrecondition, "types are called");
}

TEST(GoBinaryTest, FewLongNamesAreFine) {
  const auto fake = MakeFakeGoBinary({.long_named_types = 20});
  const auto binary = Open(fake);
  ASSERT_NE(binary, nullptr);
  EXPECT_TRUE(binary->FindStruct("net/http.Request").ok());
  EXPECT_TRUE(binary->FindType(std::string(60'000, 'x')).status().code() == StatusCode::kFailedPrecondition);
}

TEST(GoBinaryTest, FileTruncatedWhileOpenIsDataLoss) {
  const auto fake = MakeFakeGoBinary({.filler_types = 3000});
  const base::UniqueFd fd = ToFile(fake.file);
  const auto binary = GoBinary::Open(fd.get());
  ASSERT_TRUE(binary.ok()) << binary.status();
  ASSERT_EQ(::ftruncate(fd.get(), 100), 0);
  ExpectStatus((*binary)->FindStruct("net/http.Request"), StatusCode::kDataLoss, "truncated");
}

TEST(GoBinaryTest, EveryTruncationAndManyMutationsEndInAStatus) {
  // Dense over the start, then every 61 bytes; the fuzz target goes deeper.
  const auto fake = MakeFakeGoBinary({.pie = true, .filler_types = 110});
  for (size_t length = 0; length < fake.file.size(); length += length < 700 ? 1 : 61) {
    EXPECT_FALSE(GoBinary::OpenBytes(std::span(fake.file).first(length)).ok()) << length;
  }
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    auto file = fake.file;
    for (int i = 0; i < 20; ++i) {
      file[random() % file.size()] = static_cast<uint8_t>(random());
    }
    if (const auto binary = GoBinary::OpenBytes(file); binary.ok()) {
      (void)(*binary)->FindStruct("net/http.Request");
      (void)(*binary)->FindItab("net/http.ResponseWriter", "*net/http.response");
      (void)(*binary)->FindMapLayout("net/http.Header");
      (void)(*binary)->FindFunctions(FakeGoBinary::kFunctionNames);
    }
  }
}

TEST(LooksLikeGoTest, TellsGoFromOtherExecutables) {
  EXPECT_TRUE(LooksLikeGo(ToFile(MakeFakeGoBinary({}).file).get()).ok());
  EXPECT_TRUE(LooksLikeGo(ToFile(MakeFakeGoBinary({.has_build_info = false}).file).get()).ok()) << "by its note";
  EXPECT_TRUE(LooksLikeGo(ToFile(MakeFakeGoBinary({.has_build_id = false}).file).get()).ok()) << "by its build info";
  const auto neither = MakeFakeGoBinary({.has_build_info = false, .has_build_id = false});
  EXPECT_EQ(LooksLikeGo(ToFile(neither.file).get()).code(), StatusCode::kNotFound);
  EXPECT_EQ(LooksLikeGo(ToFile({'#', '!', '/', 'b', 'i', 'n'}).get()).code(), StatusCode::kNotFound);
  EXPECT_EQ(LooksLikeGo(ToFile({}).get()).code(), StatusCode::kNotFound);
  EXPECT_EQ(LooksLikeGo(-1).code(), StatusCode::kNotFound);
}

TEST(LooksLikeGoTest, FindsBuildInfoBehindReadOnlyRelocationsAndOtherData) {
  for (const size_t before : {0, 16, 1000, 32 << 10, 200 << 10}) {
    std::vector<uint8_t> data(4096 + before / 16 * 16);
    elf::testing::AppendText(data, "\xff Go buildinf:");
    data.resize(data.size() + 100);
    const auto file = ElfBuilder()
                          .Add(PT_LOAD, PF_R | PF_W, 0x600000, data)
                          .Add(PT_GNU_RELRO, PF_R, 0x600000, std::vector<uint8_t>(4096))
                          .Build();
    EXPECT_TRUE(LooksLikeGo(ToFile(file).get()).ok()) << before;
  }
}

TEST(PrintableTest, AcceptsTextAndRefusesControlCharactersAndBrokenUtf8) {
  for (const std::string_view good : {"", "*http.Request", "func(日本) 🎉", "12345678日", " ~ ~ ~ ~ ~", "\xc2\x80",
                                      "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsPrintableUtf8(good)) << good;
  }
  for (const std::string_view bad :
       {std::string_view("a\n"), std::string_view("\0", 1), std::string_view("\x7f"), std::string_view("1234567\x7f"),
        std::string_view("\x1f"
                         "2345678"),
        std::string_view("12345678\x1f"),
        std::string_view("123\x80"
                         "5678"),
        std::string_view("\x80"), std::string_view("\xc0\xaf"), std::string_view("\xc3"),
        std::string_view("\xe0\x80\x80"), std::string_view("\xed\xa0\x80"), std::string_view("\xf4\x90\x80\x80"),
        std::string_view("\xf0\x9f\x8e"), std::string_view("\xff")}) {
    EXPECT_FALSE(IsPrintableUtf8(bad)) << ::testing::PrintToString(bad);
  }
}

}  // namespace
}  // namespace nodespan::goinspect
