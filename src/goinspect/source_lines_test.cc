// SPDX-License-Identifier: Apache-2.0
// Lines, files and inlined calls of hand-made tables in the layouts of Go 1.17, 1.18 and 1.20; those of real
// executables are in tests/inspection.
#include "goinspect/source_lines.h"

#include <elf.h>

#include <string>
#include <tuple>
#include <vector>

#include "elf/elf_builder.h"
#include "gmock/gmock.h"
#include "goinspect/fake_go_binary.h"
#include "goinspect/go_binary.h"
#include "goinspect/symbols.h"
#include "gtest/gtest.h"

namespace nodespan::goinspect {
namespace {

using elf::testing::Append;
using elf::testing::AppendText;
using elf::testing::ElfBuilder;
using elf::testing::Put;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "function file:line"
std::vector<std::string> ToText(const std::vector<SourceLocation>& locations) {
  std::vector<std::string> text;
  for (const SourceLocation& location : locations) {
    text.push_back(location.function + " " + location.file + ":" + std::to_string(location.line));
  }
  return text;
}

TEST(PcValuesTest, RangesFollowEachOtherUntilTheTableEnds) {
  // From -1 up by 11, for 16 units; down by 3, for 300; end; what follows is another table.
  const std::vector<uint8_t> table = {22, 16, 5, 0xac, 0x02, 0, 99};
  std::vector<std::tuple<uint64_t, uint64_t, int32_t>> ranges;
  const auto note = [&](const PcValueRange& range) {
    ranges.emplace_back(range.begin_off, range.end_off, range.value);
    return true;
  };
  EXPECT_EQ(ForEachPcValue(table, 4, note), PcValueEnd::kEnded);
  EXPECT_THAT(ranges, ElementsAre(std::tuple(0, 64, 10), std::tuple(64, 1264, 7)));
}

TEST(PcValuesTest, AFirstValueOfMinusOneIsNoEnd) {
  const std::vector<uint8_t> table = {0, 8, 4, 2, 0};
  std::vector<int32_t> values;
  const auto note = [&](const PcValueRange& range) {
    values.push_back(range.value);
    return true;
  };
  EXPECT_EQ(ForEachPcValue(table, 1, note), PcValueEnd::kEnded);
  EXPECT_THAT(values, ElementsAre(-1, 1));
}

TEST(PcValuesTest, ATableThatIsCutSaysSo) {
  const std::vector<uint8_t> table = {22, 16, 5, 0xac, 0x02, 0};
  for (size_t bytes = 0; bytes < table.size(); ++bytes) {
    EXPECT_EQ(ForEachPcValue(std::span(table).first(bytes), 1, [](const PcValueRange&) { return true; }),
              PcValueEnd::kTruncated)
        << bytes;
  }
  const std::vector<uint8_t> endless(64, 0xff);
  EXPECT_EQ(ForEachPcValue(endless, 1, [](const PcValueRange&) { return true; }), PcValueEnd::kTruncated);
}

struct Layout {
  bool has_absolute_entries;
  bool has_start_line;
};

// One function, main.outer of 64 bytes, into which main.middle and, within that, main.inner are inlined:
//   0-7 outer line 5, 8-15 middle line 21, 16-23 inner line 31, 24-63 outer line 7
// The calls are at 8 (line 6 of outer) and 16 (line 22 of middle), where an instruction of each stands for it.
class Tables {
 public:
  static constexpr uint64_t kVaddr = 0x500000;
  static constexpr uint64_t kTextVaddr = 0x401000;

  explicit Tables(const Layout& layout) {
    const auto at_end = [this] {
      bytes_.resize((bytes_.size() + 7) / 8 * 8);
      return kVaddr + bytes_.size();
    };
    Append<uint64_t>(bytes_, 0);
    tables.has_start_line = layout.has_start_line;
    tables.functions.has_absolute_entries = layout.has_absolute_entries;
    tables.functions.text_vaddr = kTextVaddr;
    tables.functions.function_count = 1;

    tables.functions.names_vaddr = at_end();
    const uint32_t outer = AddName("main.outer");
    const uint32_t middle = AddName("main.middle");
    const uint32_t inner = AddName("main.inner");
    tables.functions.names_bytes = kVaddr + bytes_.size() - tables.functions.names_vaddr;

    tables.files_vaddr = at_end();
    AppendText(bytes_, std::string_view("/src/a.go\0/src/b.go\0", 20));
    tables.files_bytes = 20;
    tables.units_vaddr = at_end();
    for (const uint32_t off : {99U, 0U, 10U}) {  // the unit begins at its second word
      Append<uint32_t>(bytes_, off);
    }
    tables.units_count = 3;

    tables.pc_values_vaddr = at_end();
    bytes_.push_back(0);
    const uint32_t files = AddPcValues({{9, 0}, {15, 1}, {40, 0}});
    const uint32_t lines = AddPcValues({{8, 5}, {1, 6}, {7, 21}, {1, 22}, {7, 31}, {40, 7}});
    // The instructions that stand for the calls belong to the callers.
    const uint32_t inline_tree = AddPcValues({{9, -1}, {8, 0}, {7, 1}, {40, -1}});
    tables.pc_values_bytes = kVaddr + bytes_.size() - tables.pc_values_vaddr;

    const uint64_t tree_vaddr = at_end();
    AddInlinedCall(layout, middle, /*parent_pc=*/8, /*start_line=*/20);
    AddInlinedCall(layout, inner, /*parent_pc=*/16, /*start_line=*/30);

    tables.functions.functions_vaddr = at_end();
    const size_t functab = bytes_.size();
    const size_t entry_bytes = layout.has_absolute_entries ? 8 : 4;
    const auto put_word = [&](size_t off, uint64_t value) {
      entry_bytes == 8 ? Put<uint64_t>(bytes_, off, value) : Put<uint32_t>(bytes_, off, static_cast<uint32_t>(value));
    };
    const uint64_t text = layout.has_absolute_entries ? kTextVaddr : 0;
    put_word(functab, text);
    put_word(functab + entry_bytes, 4 * entry_bytes);
    put_word(functab + 2 * entry_bytes, text + 64);
    put_word(functab + 3 * entry_bytes, 0);
    put_word(bytes_.size(), text);
    for (const uint32_t word : {outer, 0U, 0U, 0U, files, lines, 3U, 1U}) {
      Append<uint32_t>(bytes_, word);
    }
    if (layout.has_start_line) {
      Append<uint32_t>(bytes_, 4);
    }
    bytes_.insert(bytes_.end(), {0, 0, 0, 4});  // four tables of function data
    for (const uint32_t table : {0U, 0U, inline_tree}) {
      Append<uint32_t>(bytes_, table);
    }
    if (layout.has_absolute_entries) {
      at_end();
      for (const uint64_t address : {uint64_t{0}, uint64_t{0}, uint64_t{0}, tree_vaddr}) {
        Append<uint64_t>(bytes_, address);
      }
    } else {
      for (const uint64_t off :
           {uint64_t{UINT32_MAX}, uint64_t{UINT32_MAX}, uint64_t{UINT32_MAX}, tree_vaddr - kVaddr}) {
        Append<uint32_t>(bytes_, static_cast<uint32_t>(off));
      }
    }
    tables.functions.functions_bytes = kVaddr + bytes_.size() - tables.functions.functions_vaddr;
    tables.function_data_base = layout.has_absolute_entries ? 0 : kVaddr;
    file_ = ElfBuilder().Add(PT_LOAD, PF_R, kVaddr, bytes_).Build();
    auto opened = elf::Image::OpenBytes(file_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    image = *std::move(opened);
    functions = std::make_unique<FunctionTable>(*image, tables.functions);
  }

  SourceLines lines() const { return {*image, *functions, tables}; }

  SourceTables tables;
  std::unique_ptr<elf::Image> image;
  std::unique_ptr<FunctionTable> functions;

 private:
  uint32_t AddName(std::string_view name) {
    const auto off = static_cast<uint32_t>(kVaddr + bytes_.size() - tables.functions.names_vaddr);
    AppendText(bytes_, name);
    bytes_.push_back(0);
    return off;
  }

  struct Run {
    uint8_t bytes;
    int value;
  };
  uint32_t AddPcValues(std::initializer_list<Run> runs) {
    const auto off = static_cast<uint32_t>(kVaddr + bytes_.size() - tables.pc_values_vaddr);
    int value = -1;
    for (const Run& run : runs) {
      const int change = run.value - value;
      bytes_.push_back(static_cast<uint8_t>(change < 0 ? -2 * change - 1 : 2 * change));
      bytes_.push_back(run.bytes);
      value = run.value;
    }
    bytes_.push_back(0);
    return off;
  }

  void AddInlinedCall(const Layout& layout, uint32_t name, uint32_t parent_pc, uint32_t start_line) {
    Append<uint32_t>(bytes_, 0);
    if (!layout.has_start_line) {
      Append<uint32_t>(bytes_, 1);  // file and line of the call
      Append<uint32_t>(bytes_, 99);
    }
    Append<uint32_t>(bytes_, name);
    Append<uint32_t>(bytes_, parent_pc);
    if (layout.has_start_line) {
      Append<uint32_t>(bytes_, start_line);
    }
  }

  std::vector<uint8_t> bytes_;
  std::vector<uint8_t> file_;
};

class SourceLinesTest : public ::testing::TestWithParam<Layout> {};

TEST_P(SourceLinesTest, AnInstructionHasTheCallersThatItWasInlinedInto) {
  const Tables tables(GetParam());
  const SourceLines lines = tables.lines();
  EXPECT_THAT(ToText(lines.At(Tables::kTextVaddr + 3)), ElementsAre("main.outer /src/a.go:5"));
  EXPECT_THAT(ToText(lines.At(Tables::kTextVaddr + 10)),
              ElementsAre("main.middle /src/b.go:21", "main.outer /src/a.go:6"));
  EXPECT_THAT(ToText(lines.At(Tables::kTextVaddr + 20)),
              ElementsAre("main.inner /src/b.go:31", "main.middle /src/b.go:22", "main.outer /src/a.go:6"));
  EXPECT_THAT(ToText(lines.At(Tables::kTextVaddr + 63)), ElementsAre("main.outer /src/a.go:7"));
  EXPECT_THAT(lines.At(Tables::kTextVaddr + 64), IsEmpty());
  EXPECT_THAT(lines.At(Tables::kTextVaddr - 1), IsEmpty());
}

TEST_P(SourceLinesTest, AFunctionIsDeclaredWhereItsFuncStands) {
  const Tables tables(GetParam());
  const auto declared = tables.lines().Declaration(Tables::kTextVaddr);
  ASSERT_TRUE(declared.has_value());
  EXPECT_THAT(ToText({*declared}),
              ElementsAre(GetParam().has_start_line ? "main.outer /src/a.go:4" : "main.outer /src/a.go:5"));
  EXPECT_FALSE(tables.lines().Declaration(Tables::kTextVaddr + 1).has_value());
}

TEST_P(SourceLinesTest, OnlyWhatIsInlinedDirectlyIsListed) {
  const Tables tables(GetParam());
  EXPECT_THAT(ToText(tables.lines().InlinedInto(Tables::kTextVaddr)),
              ElementsAre(GetParam().has_start_line ? "main.middle /src/b.go:20" : "main.middle /src/b.go:0"));
}

TEST_P(SourceLinesTest, WithoutFunctionDataNothingIsInlined) {
  Tables tables(GetParam());
  tables.tables.function_data_base.reset();
  EXPECT_THAT(ToText(tables.lines().At(Tables::kTextVaddr + 20)), ElementsAre("main.outer /src/b.go:31"));
  EXPECT_THAT(tables.lines().InlinedInto(Tables::kTextVaddr), IsEmpty());
}

TEST_P(SourceLinesTest, TablesThatEndTooEarlyLeaveOutWhatTheyHold) {
  Tables tables(GetParam());
  tables.tables.units_count = 0;
  tables.tables.pc_values_bytes = 1;
  EXPECT_THAT(ToText(tables.lines().At(Tables::kTextVaddr + 20)), ElementsAre("main.outer :0"));
}

INSTANTIATE_TEST_SUITE_P(Layouts, SourceLinesTest,
                         ::testing::Values(Layout{true, false}, Layout{false, false}, Layout{false, true}),
                         [](const auto& info) {
                           return info.param.has_absolute_entries ? "Go117"
                                  : info.param.has_start_line     ? "Go120"
                                                                  : "Go118";
                         });

TEST(SymbolsTest, AnExecutableIsAskedAgainByItsTablesAlone) {
  using testing::FakeGoBinary;
  using testing::FakeOptions;
  for (const bool old : {false, true}) {
    for (const bool pie : {false, true}) {
      for (const bool arm64 : {false, true}) {
        FakeOptions options{.arm64 = arm64, .pie = pie};
        if (old) {
          options.pclntab_magic = 0xfffffffa;
          options.absolute_entries = true;
        }
        const FakeGoBinary fake = testing::MakeFakeGoBinary(options);
        const auto binary = GoBinary::OpenBytes(fake.file);
        ASSERT_TRUE(binary.ok()) << binary.status();
        const auto symbols = Symbols::OpenBytes(fake.file, (*binary)->FindSymbolTables());
        ASSERT_TRUE(symbols.ok()) << symbols.status();
        const uint64_t main_vaddr = fake.text_vaddr + 2 * FakeGoBinary::kFunctionBytes;
        const auto declared = (*symbols)->lines().Declaration(main_vaddr);
        ASSERT_TRUE(declared.has_value());
        EXPECT_EQ(declared->function, "main.main");
        EXPECT_EQ(declared->file, FakeGoBinary::kFileName);
        EXPECT_EQ(declared->line, old ? 10 : FakeGoBinary::kStartLine);
        EXPECT_EQ((*symbols)->lines().At(main_vaddr + 16).front().line, 12U);
        const auto response = (*symbols)->TypeAt(fake.response_pointer_vaddr);
        const auto request = (*symbols)->TypeAt(fake.request_vaddr);
        ASSERT_TRUE(response.has_value() && request.has_value());
        EXPECT_EQ(response->name, "*net/http.response");
        EXPECT_EQ(response->kind, Kind::kPointer);
        EXPECT_EQ(request->name, "net/http.Request");
        EXPECT_EQ(request->kind, Kind::kStruct);
        EXPECT_FALSE((*symbols)->TypeAt(fake.text_vaddr).has_value());
        EXPECT_EQ((*symbols)->Code(main_vaddr).size(), FakeGoBinary::kFunctionBytes);
        EXPECT_THAT((*symbols)->Code(main_vaddr + 1), IsEmpty());
      }
    }
  }
}

}  // namespace
}  // namespace nodespan::goinspect
