// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as an ELF file: headers, segments, relocations, notes.
#include <cstdlib>

#include "elf/image.h"
#include "elf/notes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto opened = nodespan::elf::Image::OpenBytes({data, size});
  if (!opened.ok()) {
    return 0;
  }
  nodespan::elf::Image& image = **opened;
  (void)image.HasSymbolTable();
  volatile uint8_t sink = 0;
  for (const auto& segment : image.loads()) {
    uint64_t seen = 0;
    (void)image.Scan(segment, 64, [&](const nodespan::elf::Image::Window& window) {
      seen += window.start_bytes;
      for (const uint8_t byte : window.bytes) {
        sink = byte;
      }
      return true;
    });
    if (seen > size) {
      std::abort();  // a byte shown twice: time without a bound
    }
    (void)image.ReadWord(segment.vaddr);
    (void)image.View(segment.vaddr, segment.file_bytes);
    image.Release(segment.vaddr, segment.file_bytes);
    (void)image.ReadWord(segment.file_end_vaddr() - 8);
    (void)image.relocations().SlotsPointingTo(segment.vaddr);
  }
  for (const auto& note : image.headers().notes) {
    if (const uint8_t* bytes = image.file().View(note.file_off, note.bytes); bytes != nullptr) {
      (void)nodespan::elf::FindNote({bytes, note.bytes}, "Go", 4);
    }
  }
  (void)sink;
  return 0;
}
