// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a region of type descriptors made of any bytes: index, fields, map layouts, itabs. Its first eight bytes
// say where in it the types begin.
#include <elf.h>

#include <cstdlib>
#include <string_view>

#include "elf/elf_builder.h"
#include "elf/image.h"
#include "elf/little_endian.h"
#include "goinspect/itab.h"
#include "goinspect/map_layout.h"
#include "goinspect/type_index.h"

namespace {

using nodespan::goinspect::ItabIndex;
using nodespan::goinspect::TypeHeader;
using nodespan::goinspect::TypeIndex;

constexpr uint64_t kVaddr = 0x500000;

void Ask(nodespan::elf::Image& image, TypeIndex& index, std::string_view name) {
  index.reader().StartOperation();
  index.reader().Trim();
  for (const TypeHeader& type : index.Find(name)) {
    if (const auto fields = index.reader().Fields(type); fields.has_value()) {
      for (const auto& field : *fields) {
        if (field.offset + field.type.size_bytes > type.size_bytes) {
          std::abort();
        }
      }
    }
    (void)nodespan::goinspect::ReadMapLayout(index.reader(), type);
    if (const auto itabs = ItabIndex::Build(image, index.reader(), kVaddr, kVaddr); itabs.ok()) {
      (void)itabs->Find(image, type, type);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using nodespan::elf::testing::ElfBuilder;
  if (size < 16) {
    return 0;
  }
  const auto file = ElfBuilder()
                        .Add(PT_LOAD, PF_R | PF_X, 0x401000, std::vector<uint8_t>(256, 0xcc))
                        .Add(PT_LOAD, PF_R, kVaddr, {data, data + size})
                        .Build();
  const auto image = nodespan::elf::Image::OpenBytes(file);
  if (!image.ok()) {
    std::abort();
  }
  const uint64_t begin = kVaddr + nodespan::elf::Load<uint64_t>(data) % size / 8 * 8;
  auto index = TypeIndex::Build(**image, {begin, kVaddr + size, 0});
  if (index.ok()) {
    for (const std::string_view name :
         {"net/http.Request", "net/http.response", "*net/http.response", "net/http.Header", "net/http.ResponseWriter",
          "main.local", "main.request", "*main.response", "main.header", "main.writer", "runtime.g", ""}) {
      Ask(**image, *index, name);
    }
  }
  return 0;
}
