// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target once over each file of a folder, so that the corpus is a plain test in every build.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  using Clock = std::chrono::steady_clock;
  if (argc != 2 || !fs::is_directory(argv[1])) {
    std::cerr << "usage: " << argv[0] << " FOLDER\n";
    return 2;
  }
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(argv[1])) {
    if (entry.is_regular_file()) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());

  Clock::duration slowest{};
  fs::path slowest_path;
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file) {
      std::cerr << "cannot read " << path << "\n";
      return 1;
    }
    const auto start = Clock::now();
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    if (const auto took = Clock::now() - start; took > slowest) {
      slowest = took;
      slowest_path = path;
    }
  }
  std::cout << paths.size() << " inputs ran, the slowest in "
            << std::chrono::duration_cast<std::chrono::milliseconds>(slowest).count() << " ms ("
            << slowest_path.filename() << ")\n";
  return paths.empty() ? 1 : 0;
}
