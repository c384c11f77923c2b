// SPDX-License-Identifier: Apache-2.0
// moduledata: the runtime's record of where the linker put everything, found through its pointers back to pclntab.
//
// The words up to `text` have been the same since Go 1.16; the ones behind move between releases and are only handed
// out raw, for the search of type_region.h. Source: Go's runtime/symtab.go (moduledata); measured for Go 1.17 to 1.27.
// Thread: values. Bad input: kNotFound when nothing fits.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "elf/image.h"
#include "goinspect/pclntab.h"

namespace nodespan::goinspect {

struct Moduledata {
  // Words that begin a slice: address, length, capacity. The others that are known are only used by moduledata.cc.
  static constexpr size_t kCompileUnits = 4;  // of words of four bytes
  static constexpr size_t kFileNames = 7;
  static constexpr size_t kPcValues = 10;
  static constexpr size_t kWords = 54;  // enough for types and etypes of any layout (words 35 to 39 so far)

  uint64_t vaddr = 0;
  PclntabHeader pclntab;
  FunctionTableRanges functions;
  std::array<uint64_t, kWords> words{};  // relocated; zero beyond the end of the segment
};

// The moduledata that points back to one of the headers and to all its tables, in a writable segment.
absl::StatusOr<Moduledata> FindModuledata(elf::Image& image, std::span<const PclntabHeader> headers);

}  // namespace nodespan::goinspect
