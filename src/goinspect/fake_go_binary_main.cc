// SPDX-License-Identifier: Apache-2.0
// Writes one hand-made executable per layout into a folder: the seeds of the fuzzing corpus
// (tests/fuzz/make_corpus.py). With a part as first argument only that is written: "tables" the function table, "types"
// the descriptors with what the fuzz target wants before them, "data" what is writable.
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "goinspect/fake_go_binary.h"

int main(int argc, char** argv) {
  using nodespan::goinspect::testing::FakeOptions;
  if (argc != 2 && argc != 3) {
    std::cerr << "usage: fake_go_binary [tables|types|data] FOLDER\n";
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
      const auto fake = nodespan::goinspect::testing::MakeFakeGoBinary(options);
      std::vector<uint8_t> bytes = fake.file;
      if (part == "tables") {
        bytes = {fake.file.begin() + static_cast<std::ptrdiff_t>(fake.FileOffset(fake.pclntab_vaddr)),
                 fake.file.begin() + static_cast<std::ptrdiff_t>(fake.FileOffset(fake.types_vaddr))};
      } else if (part == "types") {
        // The segment from its start, so that all pointers are right. Its first word is unused.
        const size_t begin = fake.FileOffset(fake.pclntab_vaddr) - 8;
        bytes = {fake.file.begin() + static_cast<std::ptrdiff_t>(begin),
                 fake.file.begin() + static_cast<std::ptrdiff_t>(fake.FileOffset(fake.etypes_vaddr - 1) + 1)};
        const uint64_t types_off = fake.FileOffset(fake.types_vaddr) - begin;
        std::memcpy(bytes.data(), &types_off, sizeof(types_off));
      } else if (part == "data") {
        bytes = {fake.file.begin() + static_cast<std::ptrdiff_t>(fake.FileOffset(fake.moduledata_vaddr) / 4096 * 4096),
                 fake.file.begin() + static_cast<std::ptrdiff_t>(fake.FileOffset(fake.moduledata_vaddr))};
      }
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
