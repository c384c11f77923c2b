// SPDX-License-Identifier: Apache-2.0
// Writes one hand-made executable per layout into a folder: the seeds of the fuzzing corpus
// (tests/fuzz/make_corpus.py). With a part as first argument only that is written: "tables" the function table, "types"
// the descriptors, "module" all that leads from moduledata to the types, each with what its fuzz target wants before
// it, "data" what is writable.
#include <array>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "goinspect/fake_go_binary.h"

namespace {

using nodespan::goinspect::testing::FakeGoBinary;
using nodespan::goinspect::testing::FakeOptions;

std::vector<uint8_t> Cut(std::string_view part, const FakeGoBinary& fake, bool is_pie) {
  const auto bytes = [&fake](size_t begin, size_t end) {
    return std::vector<uint8_t>{fake.file.begin() + static_cast<std::ptrdiff_t>(begin),
                                fake.file.begin() + static_cast<std::ptrdiff_t>(end)};
  };
  const size_t tables = fake.FileOffset(fake.pclntab_vaddr);
  const size_t types_end = fake.FileOffset(fake.etypes_vaddr - 1) + 1;
  const size_t module = fake.FileOffset(fake.moduledata_vaddr);
  const size_t data = module / 4096 * 4096;
  if (part == "tables") {
    return bytes(tables, fake.FileOffset(fake.types_vaddr));
  }
  if (part == "data") {
    return bytes(data, module);
  }
  // The segment from its start, a word before the tables, so that all pointers are right.
  const size_t segment = tables - 8;
  if (part == "types") {
    std::vector<uint8_t> result = bytes(segment, types_end);  // the first word is unused
    const uint64_t types_off = fake.FileOffset(fake.types_vaddr) - segment;
    std::memcpy(result.data(), &types_off, sizeof(types_off));
    return result;
  }
  if (part == "module") {
    std::vector<uint8_t> result(8);
    const std::array<uint32_t, 2> prefix = {static_cast<uint32_t>(types_end - segment - 8), is_pie ? 1U : 0U};
    std::memcpy(result.data(), prefix.data(), sizeof(prefix));
    for (const auto& piece : {bytes(segment, types_end), bytes(data, fake.FileOffset(fake.itab_vaddr))}) {
      result.insert(result.end(), piece.begin(), piece.end());
    }
    return result;
  }
  return fake.file;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::cerr << "usage: fake_go_binary [tables|types|module|data] FOLDER\n";
    return 2;
  }
  const std::string part = argc == 3 ? argv[1] : "";
  const std::string folder = argv[argc - 1];
  int count = 0;
  for (const bool pie : {false, true}) {
    for (const auto maps : {FakeOptions::Maps::kClassic, FakeOptions::Maps::kSwiss, FakeOptions::Maps::kSplit}) {
      FakeOptions options{.arm64 = count % 2 != 0, .pie = pie, .maps = maps, .filler_types = 24};
      options.types_word = maps == FakeOptions::Maps::kClassic ? 35 : 37;
      options.etypes_word = maps == FakeOptions::Maps::kClassic ? 36 : maps == FakeOptions::Maps::kSwiss ? 38 : 39;
      if (pie && maps == FakeOptions::Maps::kClassic) {
        options.pclntab_magic = 0xfffffffa;
        options.absolute_entries = true;
        options.field_offset_shift = 1;
      }
      if (part == "module") {
        options.pie = options.arm64 = false;  // its fuzz target makes the relocations, for amd64
      }
      const std::vector<uint8_t> bytes = Cut(part, nodespan::goinspect::testing::MakeFakeGoBinary(options), pie);
      std::ofstream file(folder + "/fake-" + std::to_string(count++) + ".elf", std::ios::binary);
      file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      if (!file) {
        std::cerr << "fake_go_binary: cannot write to " << folder << "\n";
        return 1;
      }
    }
  }
  return 0;
}
