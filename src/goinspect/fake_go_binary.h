// SPDX-License-Identifier: Apache-2.0
// Makes small executables that have all that goinspect reads of a Go program, for tests and as seeds for fuzzing.
//
// They are hand-made, not runnable: some functions without code, pclntab, moduledata, build info, a few dozen type
// descriptors modelled on those of an HTTP server, one itab. Options choose between the layouts of Go releases.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nodespan::goinspect::testing {

struct FakeOptions {
  enum class Maps { kClassic, kSwiss, kSplit };

  bool arm64 = false;
  bool pie = false;  // ET_DYN, all pointers as relocations over zeros
  bool has_interpreter = true;
  uint32_t pclntab_magic = 0xfffffff1;
  bool absolute_entries = false;  // of the function table: up to Go 1.17
  // Which words of moduledata are types and etypes: 35, 36 in Go 1.18; 37, 38 since 1.20; 37, 39 in 1.27.
  size_t types_word = 37;
  size_t etypes_word = 38;
  Maps maps = Maps::kSwiss;
  uint64_t map_descriptor_bytes = 112;
  int field_offset_shift = 0;      // 1 up to Go 1.18
  size_t filler_types = 120;       // each is good for one back-link
  size_t long_named_types = 0;     // with names of 60'000 bytes: an attack on time
  bool long_names_differ = false;  // else they share one
  std::string go_version = "go1.26.8";
  std::string module_text = "path\texample.com/app/cmd\nmod\texample.com/app\t(devel)\t\nbuild\t-buildmode=exe\n";
  bool has_build_info = true;
  bool has_build_id = true;
};

struct FakeGoBinary {
  std::vector<uint8_t> file;
  // Where things were put, as linked.
  uint64_t text_vaddr = 0;
  uint64_t pclntab_vaddr = 0;
  uint64_t moduledata_vaddr = 0;
  uint64_t types_vaddr = 0;
  uint64_t etypes_vaddr = 0;
  uint64_t request_vaddr = 0;           // descriptor of net/http.Request
  uint64_t response_pointer_vaddr = 0;  // descriptor of *net/http.response
  uint64_t itab_vaddr = 0;              // (net/http.ResponseWriter, *net/http.response)

  // Offset in the file of a linked address.
  size_t FileOffset(uint64_t vaddr) const;

  static constexpr std::string_view kFunctionNames[] = {"runtime.casgstatus", "net/http.serverHandler.ServeHTTP",
                                                        "main.main", "main.twice", "main.twice"};
  static constexpr uint64_t kFunctionBytes = 32;  // "main.twice" has one of this size and then one of twice of it
  // All of them come from this file, from line 10 and, in what lies behind the first 16 bytes, 12; they are declared on
  // kStartLine where the layout has that.
  static constexpr std::string_view kFileName = "/src/fake/main.go";
  static constexpr uint32_t kStartLine = 9;
};

FakeGoBinary MakeFakeGoBinary(const FakeOptions& options);

}  // namespace nodespan::goinspect::testing
