// SPDX-License-Identifier: Apache-2.0
// FunctionIndex leads from the name of a function to its place in the function table.
//
// Built by one pass over the names and one over the records, both in the order of the file and without keeping any of
// it: 8 bytes for each function stay, 150'000 functions in a program of 100 MB. A name is compared in full by whoever
// looks it up; here it is a hash.
// Thread: immutable after Build(). Bad input: records that point outside their tables are left out; names beyond
// kMaxFunctionNames are not known; kDataLoss and kResourceExhausted when bytes cannot be read.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "elf/image.h"
#include "goinspect/pclntab.h"

namespace nodespan::goinspect {

class FunctionIndex {
 public:
  struct Entry {
    uint32_t hash;
    uint32_t function;  // index into the function table
  };

  static absl::StatusOr<FunctionIndex> Build(elf::Image& image, const FunctionTableRanges& ranges);

  // The functions that may be called `name`: those whose entry has HashOf(name), among others.
  std::span<const Entry> Candidates(std::string_view name) const;
  static uint32_t HashOf(std::string_view name);

  size_t size() const { return entries_.size(); }

 private:
  std::vector<uint32_t> first_of_bucket_;  // index into entries_, by the upper bits of the hash; one more than buckets
  std::vector<Entry> entries_;             // grouped by bucket
  int bucket_shift_ = 0;
};

}  // namespace nodespan::goinspect
