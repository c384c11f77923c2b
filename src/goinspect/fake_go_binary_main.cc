// SPDX-License-Identifier: Apache-2.0
// Writes one hand-made executable per layout into a folder: the seeds of the fuzzing corpus
// (tests/fuzz/make_corpus.py).
#include <fstream>
#include <iostream>
#include <string>

#include "goinspect/fake_go_binary.h"

int main(int argc, char** argv) {
  using nodespan::goinspect::testing::FakeOptions;
  if (argc != 2) {
    std::cerr << "usage: fake_go_binary FOLDER\n";
    return 2;
  }
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
      std::ofstream file(std::string(argv[1]) + "/fake-" + std::to_string(count++) + ".elf", std::ios::binary);
      file.write(reinterpret_cast<const char*>(fake.file.data()), static_cast<std::streamsize>(fake.file.size()));
      if (!file) {
        std::cerr << "fake_go_binary: cannot write to " << argv[1] << "\n";
        return 1;
      }
    }
  }
  return 0;
}
