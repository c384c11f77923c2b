// SPDX-License-Identifier: Apache-2.0
// Fuzz target: build info in a writable segment made of any bytes.
#include <elf.h>

#include <cstdlib>

#include "elf/elf_builder.h"
#include "elf/image.h"
#include "goinspect/build_info.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using nodespan::elf::testing::ElfBuilder;
  if (size == 0) {
    return 0;
  }
  const auto file = ElfBuilder().Add(PT_LOAD, PF_R | PF_W, 0x500000, {data, data + size}).Build();
  const auto image = nodespan::elf::Image::OpenBytes(file);
  if (!image.ok()) {
    std::abort();  // only the content of the segment is anything
  }
  if (const auto info = nodespan::goinspect::FindBuildInfo(**image); info.has_value()) {
    for (const char c : info->go_version) {
      if (static_cast<unsigned char>(c) < 0x20) {
        std::abort();  // it is printed
      }
    }
  }
  return 0;
}
