// SPDX-License-Identifier: Apache-2.0
// Fuzz target: lines of text. The first is a pattern, the others are names, of functions and of types: what matches is
// put together again, and a function table that has these names agrees with one look at each of them.
#include <elf.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "elf/elf_builder.h"
#include "elf/image.h"
#include "goinspect/names.h"
#include "goinspect/pclntab.h"

namespace {

using nodespan::elf::testing::Append;
using nodespan::elf::testing::AppendText;
using nodespan::elf::testing::ElfBuilder;
using nodespan::goinspect::FunctionTable;
using nodespan::goinspect::FunctionTableRanges;

constexpr uint64_t kVaddr = 0x500000;
constexpr size_t kMaxNames = 64;        // a table may have one name no more often
constexpr size_t kMaxNameBytes = 4096;  // less than what the table allows

void Require(bool promise) {
  if (!promise) {
    std::abort();
  }
}

// Without the zero bytes that end a name in the table.
std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else if (c != 0 && lines.back().size() < kMaxNameBytes) {
      lines.back() += c;
    }
  }
  lines.resize(std::min(lines.size(), kMaxNames + 1));
  return lines;
}

void CheckMatch(std::string_view pattern, std::string_view name) {
  if (pattern.find("[...]") != std::string_view::npos) {
    return;  // the name has more than the placement tells
  }
  if (const auto placement = nodespan::goinspect::MatchTypeName(pattern, name); placement.has_value()) {
    Require(nodespan::goinspect::PlaceName(pattern, *placement) == name);
  }
  if (const auto placement = nodespan::goinspect::MatchName(pattern, name); placement.has_value()) {
    Require(name.starts_with(placement->vendor_prefix));
  }
  (void)nodespan::goinspect::ValueMethodName(name);
}

// The names, then a functab of as many functions of 16 bytes, then their records.
std::vector<uint8_t> MakeTable(const std::vector<std::string>& names, FunctionTableRanges& ranges) {
  std::vector<uint8_t> bytes;
  std::vector<uint32_t> offs;
  for (const std::string& name : names) {
    offs.push_back(static_cast<uint32_t>(bytes.size()));
    AppendText(bytes, name);
    bytes.push_back(0);
  }
  ranges = {.text_vaddr = 0x401000, .function_count = names.size(), .names_vaddr = kVaddr, .names_bytes = bytes.size()};
  bytes.resize((bytes.size() + 7) / 8 * 8);
  ranges.functions_vaddr = kVaddr + bytes.size();
  const uint32_t functab_bytes = static_cast<uint32_t>(8 * (names.size() + 1));
  for (uint32_t i = 0; i <= names.size(); ++i) {
    Append<uint32_t>(bytes, 16 * i);
    Append<uint32_t>(bytes, functab_bytes + 8 * i);
  }
  for (uint32_t i = 0; i < names.size(); ++i) {
    Append<uint32_t>(bytes, 16 * i);
    Append<uint32_t>(bytes, offs[i]);
  }
  ranges.functions_bytes = kVaddr + bytes.size() - ranges.functions_vaddr;
  return bytes;
}

void CheckTable(std::string_view pattern, const std::vector<std::string>& names) {
  FunctionTableRanges ranges;
  std::vector<uint8_t> table_bytes = MakeTable(names, ranges);
  const auto file = ElfBuilder().Add(PT_LOAD, PF_R, kVaddr, std::move(table_bytes)).Build();
  const auto image = nodespan::elf::Image::OpenBytes(file);
  Require(image.ok());
  FunctionTable table(**image, ranges);
  // Other patterns beside it change nothing.
  const std::vector<std::string_view> patterns = {"", pattern, "main.main", pattern};
  const std::vector<FunctionTable::Matches> matches = table.FindMatching(patterns);
  Require(matches.size() == patterns.size());
  std::vector<std::string_view> expected;
  for (const std::string& name : names) {
    if (nodespan::goinspect::MatchName(pattern, name).has_value()) {
      expected.push_back(name);
    }
  }
  Require(matches[1].is_named == !expected.empty());
  for (const auto& entry : matches[1].functions) {
    Require(std::find(expected.begin(), expected.end(), entry.name) != expected.end());
  }
  for (const std::string_view name : expected) {
    Require(std::any_of(matches[1].functions.begin(), matches[1].functions.end(),
                        [&](const auto& entry) { return entry.name == name; }));
  }
  Require(matches[3].functions.size() == matches[1].functions.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> names = Lines({reinterpret_cast<const char*>(data), size});
  const std::string pattern = std::move(names.front());
  names.erase(names.begin());
  for (const std::string& name : names) {
    CheckMatch(pattern, name);
  }
  if (!names.empty()) {
    CheckTable(pattern, names);
  }
  return 0;
}
