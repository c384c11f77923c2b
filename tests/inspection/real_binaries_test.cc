// SPDX-License-Identifier: Apache-2.0
// Runs over real Go executables: all files below the folder in $NODESPAN_TEST_BINARIES, which with_binaries.py fills.
// Where BINARY.dwarf.json (tests/dwarfcheck) lies beside BINARY, every struct and the lines of many instructions are
// compared with the compiler's own debug information.
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/unique_fd.h"
#include "goinspect/go_binary.h"
#include "goinspect/names.h"
#include "goinspect/symbols.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace nodespan::goinspect {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> FindElfFiles(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    std::array<char, 4> magic{};
    if (entry.is_regular_file() && std::ifstream(entry.path()).read(magic.data(), magic.size()) &&
        std::string_view(magic.data(), magic.size()) ==
            "\x7f"
            "ELF") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool UsesNetHttp(const GoBinary& binary) {
  const std::string_view name = "net/http.serverHandler.ServeHTTP";
  return binary.FindFunctions({&name, 1}).front().has_value();
}

class RealBinariesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("NODESPAN_TEST_BINARIES");
    ASSERT_NE(folder, nullptr) << "run by with_binaries.py";
    files_ = FindElfFiles(folder);
    if (files_.empty()) {
      GTEST_SKIP() << "no Go toolchain can be had";
    }
  }

  static std::unique_ptr<GoBinary> Open(const fs::path& path) {
    const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    auto binary = GoBinary::Open(fd.get());
    EXPECT_TRUE(binary.ok()) << path << ": " << binary.status();
    return binary.ok() ? *std::move(binary) : nullptr;
  }

  // Calls `check` with each executable that serves HTTP; there has to be one.
  template <typename Check>
  void ForEachHttpBinary(Check check) {
    size_t count = 0;
    for (const fs::path& path : files_) {
      const auto binary = Open(path);
      if (binary != nullptr && UsesNetHttp(*binary)) {
        SCOPED_TRACE(path.string() + " (" + binary->info().go_version + ")");
        check(*binary);
        ++count;
      }
    }
    EXPECT_GT(count, 0U) << "no executable with net/http";
  }

  std::vector<fs::path> files_;
};

void ExpectField(const GoBinary& binary, std::string_view type, std::string_view name, Kind kind,
                 std::string_view qualified_type_name) {
  const auto structure = binary.FindStruct(type);
  ASSERT_TRUE(structure.ok()) << structure.status();
  const Field* field = structure->FindField(name);
  ASSERT_NE(field, nullptr) << type << " has no field " << name;
  EXPECT_EQ(field->kind, kind) << type << "." << name;
  EXPECT_EQ(field->qualified_type_name, qualified_type_name) << type << "." << name;
  EXPECT_LE(field->offset + field->size_bytes, structure->size_bytes);
}

TEST_F(RealBinariesTest, EveryExecutableIsRecognisedAsGo) {
  for (const fs::path& path : files_) {
    const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(LooksLikeGo(fd.get()).ok()) << path << ": " << LooksLikeGo(fd.get());
    const auto binary = Open(path);
    ASSERT_NE(binary, nullptr);
    EXPECT_TRUE(binary->info().go_version.starts_with("go1.")) << path << ": " << binary->info().go_version;
    EXPECT_EQ(binary->info().file_bytes, fs::file_size(path));
    EXPECT_GT(binary->info().function_count, 500U) << path;
  }
}

TEST_F(RealBinariesTest, FunctionsAreFoundByNameAndByAddress) {
  constexpr std::array<std::string_view, 5> kNames = {"net/http.serverHandler.ServeHTTP",
                                                      "net/http.(*Transport).roundTrip", "no.such.function",
                                                      "runtime.casgstatus", "net/http.serverHandler.ServeHTTP"};
  ForEachHttpBinary([&](const GoBinary& binary) {
    const auto functions = binary.FindFunctions(kNames);
    ASSERT_EQ(functions.size(), kNames.size());
    for (size_t i = 0; i < kNames.size(); ++i) {
      ASSERT_EQ(functions[i].has_value(), kNames[i] != "no.such.function") << kNames[i];
      if (!functions[i].has_value()) {
        continue;
      }
      EXPECT_EQ(functions[i]->name, kNames[i]);
      const auto code = binary.Code(*functions[i]);
      ASSERT_TRUE(code.ok()) << code.status();
      EXPECT_EQ(code->size(), functions[i]->size_bytes);
      for (const uint64_t offset : {uint64_t{0}, uint64_t{1}, functions[i]->size_bytes - 1}) {
        const auto at = binary.FunctionAt(functions[i]->vaddr + offset);
        ASSERT_TRUE(at.has_value()) << kNames[i] << "+" << offset;
        EXPECT_EQ(at->name, kNames[i]);
        EXPECT_EQ(at->vaddr, functions[i]->vaddr);
      }
      EXPECT_NE(binary.FunctionAt(functions[i]->vaddr - 1)->name, kNames[i]);
    }
    EXPECT_FALSE(binary.FunctionAt(0).has_value());
    EXPECT_FALSE(binary.FunctionAt(UINT64_MAX).has_value());
  });
}

TEST_F(RealBinariesTest, FunctionsBeginWithTheStackCheck) {
  ForEachHttpBinary([&](const GoBinary& binary) {
    const std::string_view name = "net/http.serverHandler.ServeHTTP";
    const auto functions = binary.FindFunctions({&name, 1});
    const auto code = binary.Code(*functions.front());
    ASSERT_TRUE(code.ok()) << code.status();
    ASSERT_GE(code->size(), 16U);
    if (binary.info().arch == Arch::kAmd64) {
      // cmp 16(%r14),%rsp, or lea of the frame into %r12 before it.
      const std::array<uint8_t, 4> compare = {0x49, 0x3b, 0x66, 0x10};
      const bool is_check =
          std::equal(compare.begin(), compare.end(), code->begin()) || ((*code)[0] == 0x4c && (*code)[1] == 0x8d);
      EXPECT_TRUE(is_check);
    } else {
      // ldr x16, [x28, #16]
      const std::array<uint8_t, 4> load = {0x90, 0x0b, 0x40, 0xf9};
      EXPECT_TRUE(std::equal(load.begin(), load.end(), code->begin()));
    }
  });
}

TEST_F(RealBinariesTest, StructsOfTheHttpServerHaveTheExpectedFieldTypes) {
  ForEachHttpBinary([](const GoBinary& binary) {
    ExpectField(binary, "net/http.Request", "Method", Kind::kString, "string");
    ExpectField(binary, "net/http.Request", "URL", Kind::kPointer, "*net/url.URL");
    ExpectField(binary, "net/http.Request", "Header", Kind::kMap, "net/http.Header");
    ExpectField(binary, "net/http.Request", "Host", Kind::kString, "string");
    ExpectField(binary, "net/http.Request", "RemoteAddr", Kind::kString, "string");
    ExpectField(binary, "net/http.Request", "RequestURI", Kind::kString, "string");
    ExpectField(binary, "net/http.Request", "ContentLength", Kind::kInt64, "int64");
    ExpectField(binary, "net/http.Request", "TLS", Kind::kPointer, "*crypto/tls.ConnectionState");
    ExpectField(binary, "net/http.Request", "ProtoMajor", Kind::kInt, "int");
    ExpectField(binary, "net/http.Request", "ProtoMinor", Kind::kInt, "int");
    ExpectField(binary, "net/http.Request", "ctx", Kind::kInterface, "context.Context");
    ExpectField(binary, "net/http.response", "conn", Kind::kPointer, "*net/http.conn");
    ExpectField(binary, "net/http.response", "req", Kind::kPointer, "*net/http.Request");
    ExpectField(binary, "net/http.response", "status", Kind::kInt, "int");
    ExpectField(binary, "net/http.response", "written", Kind::kInt64, "int64");
    ExpectField(binary, "net/http.response", "wroteHeader", Kind::kBool, "bool");
    ExpectField(binary, "runtime.g", "_panic", Kind::kPointer, "*runtime._panic");
    ExpectField(binary, "runtime.g", "m", Kind::kPointer, "*runtime.m");
    const auto g = binary.FindStruct("runtime.g");
    ASSERT_TRUE(g.ok()) << g.status();
    const Field* goid = g->FindField("goid");
    ASSERT_NE(goid, nullptr);
    EXPECT_TRUE(goid->kind == Kind::kUint64 || goid->kind == Kind::kInt64);  // signed before Go 1.20
    EXPECT_GT(g->size_bytes, 300U);
    EXPECT_LT(g->size_bytes, 1000U);
    const auto response = binary.FindStruct("net/http.response");
    ASSERT_TRUE(response.ok()) << response.status();
    const Field* done = response->FindField("handlerDone");
    ASSERT_NE(done, nullptr);
    EXPECT_TRUE(done->qualified_type_name == "sync/atomic.Bool" || done->qualified_type_name == "net/http.atomicBool")
        << done->qualified_type_name;
  });
}

TEST_F(RealBinariesTest, RoutePatternIsThereWhenRequestsCarryIt) {
  ForEachHttpBinary([](const GoBinary& binary) {
    const auto request = binary.FindStruct("net/http.Request");
    ASSERT_TRUE(request.ok()) << request.status();
    const Field* pat = request->FindField("pat");
    if (pat != nullptr) {  // Go 1.22
      EXPECT_EQ(pat->qualified_type_name, "*net/http.pattern");
      ExpectField(binary, "net/http.pattern", "str", Kind::kString, "string");
    }
    if (request->FindField("Pattern") != nullptr) {  // Go 1.23
      EXPECT_NE(pat, nullptr);
      ExpectField(binary, "net/http.Request", "Pattern", Kind::kString, "string");
    }
  });
}

TEST_F(RealBinariesTest, HeaderMapAndItsRuntimeStructsAgree) {
  ForEachHttpBinary([](const GoBinary& binary) {
    const auto layout = binary.FindMapLayout("net/http.Header");
    ASSERT_TRUE(layout.ok()) << layout.status();
    EXPECT_FALSE(layout->key_is_pointer);
    EXPECT_FALSE(layout->elem_is_pointer);
    EXPECT_EQ(layout->control_off, 0U);
    EXPECT_EQ(layout->key_off, 8U);
    const bool slots = layout->key_stride == 40;
    EXPECT_EQ(layout->key_stride, slots ? 40U : 16U);
    EXPECT_EQ(layout->elem_stride, slots ? 40U : 24U);
    EXPECT_EQ(layout->elem_off, slots ? 24U : 136U);
    if (layout->kind == MapLayout::Kind::kClassic) {
      EXPECT_EQ(layout->group_bytes, 336U);
      EXPECT_EQ(layout->overflow_off, 328U);
      ExpectField(binary, "runtime.hmap", "B", Kind::kUint8, "uint8");
      ExpectField(binary, "runtime.hmap", "buckets", Kind::kUnsafePointer, "unsafe.Pointer");
    } else {
      EXPECT_EQ(layout->group_bytes, 328U);
      ExpectField(binary, "internal/runtime/maps.Map", "dirPtr", Kind::kUnsafePointer, "unsafe.Pointer");
      ExpectField(binary, "internal/runtime/maps.Map", "dirLen", Kind::kInt, "int");
      ExpectField(binary, "internal/runtime/maps.table", "groups", Kind::kStruct,
                  "internal/runtime/maps.groupsReference");
      ExpectField(binary, "internal/runtime/maps.groupsReference", "lengthMask", Kind::kUint64, "uint64");
    }
  });
}

TEST_F(RealBinariesTest, ItabsJoinTheRightTypes) {
  ForEachHttpBinary([](const GoBinary& binary) {
    const auto itab = binary.FindItab("net/http.ResponseWriter", "*net/http.response");
    ASSERT_TRUE(itab.ok()) << itab.status();
    EXPECT_EQ(*itab % 8, 0U);
    const auto other = binary.FindItab("net.Conn", "*net.TCPConn");
    ASSERT_TRUE(other.ok()) << other.status();
    EXPECT_NE(*other, *itab);
    EXPECT_EQ(binary.FindItab("net/http.ResponseWriter", "*net/url.URL").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(binary.FindItab("no.Such", "*net/url.URL").status().code(), absl::StatusCode::kNotFound);
    EXPECT_TRUE(binary.FindType("*net/http.response").ok());
  });
}

// The builds `replaced`, `vendored` and `gopath` have the module of tests/goprograms/router below different paths.
TEST_F(RealBinariesTest, LibrariesAreFoundInAnyVersionAndVendored) {
  size_t count = 0;
  ForEachHttpBinary([&](const GoBinary& binary) {
    constexpr std::array<std::string_view, 7> kPatterns = {"example.com/router{/vN}.(*Router).ServeHTTP",
                                                           "example.com/router{/vN}.count",
                                                           "example.com/router{/vN}.Last[...]",
                                                           "example.com/router{/vN}.(*Teapot).ServeHTTP",
                                                           "example.com/router{/vN}.Teapot.ServeHTTP",
                                                           "example.com/router{/vN}.missing",
                                                           "example.com/router/v2/codec{.vN}.(*Codec).Encode"};
    const auto matches = binary.MatchFunctions(kPatterns);
    ASSERT_EQ(matches.size(), kPatterns.size());
    if (matches[0].functions.empty()) {
      return;  // the other builds are without the module
    }
    ++count;
    ASSERT_EQ(matches[0].functions.size(), 1U);
    EXPECT_FALSE(matches[0].is_wrapper);
    const auto placement = MatchName(kPatterns[0], matches[0].functions.front().name);
    ASSERT_TRUE(placement.has_value());
    EXPECT_EQ(placement->version_suffix, "/v2");
    const auto router = binary.FindStruct(PlaceName("example.com/router{/vN}.Router", *placement));
    ASSERT_TRUE(router.ok()) << router.status();
    EXPECT_NE(router->FindField("hits"), nullptr);

    EXPECT_TRUE(matches[1].functions.empty());
    EXPECT_TRUE(matches[1].is_inlined);
    const std::string& version = binary.info().go_version;
    EXPECT_EQ(matches[2].functions.size(), version.starts_with("go1.17") ? 0U : 2U) << "one per shape";
    EXPECT_TRUE(matches[3].is_wrapper);
    EXPECT_EQ(matches[4].functions.size(), 1U);
    EXPECT_FALSE(matches[4].is_wrapper);
    EXPECT_TRUE(matches[5].functions.empty());
    EXPECT_FALSE(matches[5].is_inlined);

    ASSERT_EQ(matches[6].functions.size(), 1U) << "a dot in the last element of the path";
    const auto codec_placement = MatchName(kPatterns[6], matches[6].functions.front().name);
    ASSERT_TRUE(codec_placement.has_value());
    EXPECT_EQ(codec_placement->version_suffix, ".v3");
    EXPECT_EQ(codec_placement->vendor_prefix, placement->vendor_prefix);
    const auto codec = binary.FindStruct(PlaceName("example.com/router/v2/codec{.vN}.Codec", *codec_placement));
    ASSERT_TRUE(codec.ok()) << codec.status();
    EXPECT_NE(codec->FindField("Bytes"), nullptr);
  });
  EXPECT_GT(count, 0U) << "no executable with the module";
}

TEST_F(RealBinariesTest, MissingAndUnfitTypesAreRefused) {
  ForEachHttpBinary([](const GoBinary& binary) {
    EXPECT_EQ(binary.FindStruct("net/http.NoSuchType").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(binary.FindStruct("http.Request").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(binary.FindStruct("net/http.Header").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(binary.FindMapLayout("net/http.Request").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(binary.FindType("").status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(binary.FindType("*").status().code(), absl::StatusCode::kNotFound);
  });
}

// The hash and the size of the file are what tells binaries apart.
TEST_F(RealBinariesTest, EveryBuildHasItsOwnContentIdentity) {
  std::map<std::pair<uint64_t, uint64_t>, fs::path> seen;
  for (const fs::path& path : files_) {
    const auto binary = Open(path);
    ASSERT_NE(binary, nullptr);
    const BinaryInfo& info = binary->info();
    const auto [other, is_new] = seen.try_emplace({info.content_hash, info.file_bytes}, path);
    EXPECT_TRUE(is_new) << path << " is taken for " << other->second;
    EXPECT_EQ(Open(path)->info().content_hash, info.content_hash) << path;
  }
}

struct Comparison {
  size_t structs = 0;
  size_t missing = 0;  // no descriptor: the type never leaves the stack
  size_t fields = 0;
  std::vector<std::string> differences;
};

void CompareStruct(const nlohmann::json& expected, const GoBinary& binary, Comparison& result) {
  const std::string name = expected.at("name");
  const auto actual = binary.FindStruct(name);
  if (!actual.ok()) {
    if (actual.status().code() == absl::StatusCode::kNotFound) {
      ++result.missing;
    } else {
      result.differences.push_back(name + ": " + std::string(base::Message(actual.status())));
    }
    return;
  }
  ++result.structs;
  const auto& fields = expected.at("fields");
  if (actual->size_bytes != expected.at("size") || actual->fields.size() != fields.size()) {
    result.differences.push_back(name + ": size or number of fields");
    return;
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    ++result.fields;
    const Field& field = actual->fields[i];
    if (field.name != fields[i].at("name") || field.offset != fields[i].at("offset") ||
        field.size_bytes != fields[i].at("size")) {
      result.differences.push_back(name + "." + field.name);
    }
  }
}

TEST_F(RealBinariesTest, AllStructsAgreeWithDebugInformation) {
  size_t compared = 0;
  for (const fs::path& path : files_) {
    std::ifstream witness(path.string() + ".dwarf.json");
    if (!witness) {
      continue;
    }
    const auto binary = Open(path);
    ASSERT_NE(binary, nullptr);
    Comparison result;
    for (std::string line; std::getline(witness, line);) {
      if (const auto expected = nlohmann::json::parse(line); expected.contains("fields")) {
        CompareStruct(expected, *binary, result);
      }
    }
    std::cout << path.string() << " (" << binary->info().go_version << "): " << result.structs << " structs, "
              << result.fields << " fields, " << result.differences.size() << " differences, " << result.missing
              << " without descriptor\n";
    EXPECT_TRUE(result.differences.empty()) << path << ": " << ::testing::PrintToString(result.differences);
    EXPECT_GT(result.fields, 500U) << path;
    ++compared;
  }
  EXPECT_GT(compared, 0U) << "no executable with debug information";
}

TEST_F(RealBinariesTest, LinesAgreeWithDebugInformation) {
  size_t compared = 0;
  for (const fs::path& path : files_) {
    std::ifstream witness(path.string() + ".dwarf.json");
    if (!witness) {
      continue;
    }
    const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto binary = GoBinary::Open(fd.get());
    ASSERT_TRUE(binary.ok()) << path << ": " << binary.status();
    const auto symbols = Symbols::Open(fd.get(), (*binary)->FindSymbolTables());
    ASSERT_TRUE(symbols.ok()) << path << ": " << symbols.status();
    size_t lines = 0;
    size_t inlined = 0;
    std::vector<std::string> differences;
    for (std::string text; std::getline(witness, text);) {
      const auto expected = nlohmann::json::parse(text);
      if (!expected.contains("address")) {
        continue;
      }
      const uint64_t vaddr = expected.at("address");
      const std::vector<SourceLocation> locations = (*symbols)->lines().At(vaddr);
      ++lines;
      inlined += locations.size() > 1 ? 1 : 0;
      if (locations.empty() || locations.front().file != expected.at("file") ||
          locations.front().line != expected.at("line")) {
        differences.push_back(text);
      }
    }
    std::cout << path.string() << " (" << (*binary)->info().go_version << "): " << lines << " instructions, " << inlined
              << " of inlined calls, " << differences.size() << " differences\n";
    EXPECT_TRUE(differences.empty()) << path << ": " << ::testing::PrintToString(differences);
    EXPECT_GT(lines, 500U) << path;
    const bool is_built_without_inlining = path.filename().string().find("-no-inlining") != std::string::npos;
    EXPECT_EQ(inlined > 50, !is_built_without_inlining) << path << ": " << inlined;
    ++compared;
  }
  EXPECT_GT(compared, 0U) << "no executable with debug information";
}

}  // namespace
}  // namespace nodespan::goinspect
