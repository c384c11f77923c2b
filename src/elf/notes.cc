// SPDX-License-Identifier: Apache-2.0
#include "elf/notes.h"

#include <algorithm>

#include "elf/little_endian.h"

namespace nodespan::elf {
namespace {

constexpr uint64_t kHeaderBytes = 12;

// Name and description are padded to 4 bytes. Notes padded to 8 (.note.gnu.property) agree as long as they come alone
// or last, which is how linkers lay them out: a segment for each alignment.
uint64_t Padded(uint64_t bytes) { return (bytes + 3) & ~uint64_t{3}; }

}  // namespace

std::optional<std::span<const uint8_t>> FindNote(std::span<const uint8_t> notes, std::string_view name, uint32_t type) {
  while (notes.size() >= kHeaderBytes) {
    const uint64_t name_bytes = Load<uint32_t>(notes.data());
    const uint64_t description_bytes = Load<uint32_t>(notes.data() + 4);
    const uint32_t note_type = Load<uint32_t>(notes.data() + 8);
    const uint64_t description_off = kHeaderBytes + Padded(name_bytes);
    if (description_off > notes.size() || description_bytes > notes.size() - description_off) {
      return std::nullopt;
    }
    std::string_view note_name(reinterpret_cast<const char*>(notes.data()) + kHeaderBytes, name_bytes);
    // The name's size counts its terminating zero, and in Go's note the padding too.
    note_name = note_name.substr(0, note_name.find('\0'));
    if (note_type == type && note_name == name) {
      return notes.subspan(description_off, description_bytes);
    }
    notes = notes.subspan(std::min<uint64_t>(notes.size(), description_off + Padded(description_bytes)));
  }
  return std::nullopt;
}

}  // namespace nodespan::elf
