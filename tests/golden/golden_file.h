// SPDX-License-Identifier: Apache-2.0
// Texts that tests compare with a file of the repository, and that `tools/golden` writes anew.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace nodespan::golden {

// Fails when the file at `path`, below the top of the repository, is not `text`. With NODESPAN_WRITE_GOLDEN set, writes
// it instead. NODESPAN_SOURCE says where the repository is; without it, it is the current folder.
inline void ExpectGoldenFile(const std::string& path, std::string_view text) {
  const char* const source = std::getenv("NODESPAN_SOURCE");
  const std::string file = std::string(source == nullptr ? "." : source) + "/" + path;
  if (std::getenv("NODESPAN_WRITE_GOLDEN") != nullptr) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
    return;
  }
  std::ifstream stream(file, std::ios::binary);
  ASSERT_TRUE(stream) << file << " cannot be read; NODESPAN_SOURCE says where the repository is";
  const std::string kept{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_EQ(kept, text) << path << " differs: if that is meant, run ./tools/golden and look at the difference";
}

}  // namespace nodespan::golden
