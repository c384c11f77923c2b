// SPDX-License-Identifier: Apache-2.0
// ElfBuilder makes small ELF64 files for tests: program headers and the bytes of segments, nothing else.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace nodespan::elf::testing {

// Appends the bytes of `value`, little-endian.
template <typename T>
void Append(std::vector<uint8_t>& bytes, T value) {
  const auto* raw = reinterpret_cast<const uint8_t*>(&value);
  bytes.insert(bytes.end(), raw, raw + sizeof(value));
}

inline void AppendText(std::vector<uint8_t>& bytes, std::string_view text) {
  bytes.insert(bytes.end(), text.begin(), text.end());
}

template <typename T>
void Put(std::vector<uint8_t>& bytes, size_t offset, T value) {
  if (bytes.size() < offset + sizeof(value)) {
    bytes.resize(offset + sizeof(value));
  }
  std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

class ElfBuilder {
 public:
  explicit ElfBuilder(uint16_t machine = EM_X86_64, uint16_t type = ET_EXEC) : machine_(machine), type_(type) {}

  // A segment with these bytes. PT_LOAD goes to a page of its own; addresses must be multiples of the page size then.
  ElfBuilder& Add(uint32_t type, uint32_t flags, uint64_t vaddr, std::vector<uint8_t> bytes, uint64_t bss_bytes = 0) {
    parts_.push_back({type, flags, vaddr, bss_bytes, std::move(bytes)});
    return *this;
  }

  std::vector<uint8_t> Build() const {
    std::vector<uint8_t> file(sizeof(Elf64_Ehdr) + parts_.size() * sizeof(Elf64_Phdr));
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = type_;
    header.e_machine = machine_;
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof(header);
    header.e_ehsize = sizeof(header);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<uint16_t>(parts_.size());
    std::memcpy(file.data(), &header, sizeof(header));
    for (size_t i = 0; i < parts_.size(); ++i) {
      const Part& part = parts_[i];
      file.resize((file.size() + kPageBytes - 1) / kPageBytes * kPageBytes);
      Elf64_Phdr program_header{};
      program_header.p_type = part.type;
      program_header.p_flags = part.flags;
      program_header.p_offset = file.size();
      program_header.p_vaddr = part.vaddr;
      program_header.p_filesz = part.bytes.size();
      program_header.p_memsz = part.bytes.size() + part.bss_bytes;
      std::memcpy(file.data() + sizeof(header) + i * sizeof(program_header), &program_header, sizeof(program_header));
      file.insert(file.end(), part.bytes.begin(), part.bytes.end());
    }
    return file;
  }

  static constexpr uint64_t kPageBytes = 4096;
  static constexpr size_t HeaderOffset(size_t index) { return sizeof(Elf64_Ehdr) + index * sizeof(Elf64_Phdr); }

 private:
  struct Part {
    uint32_t type;
    uint32_t flags;
    uint64_t vaddr;
    uint64_t bss_bytes;
    std::vector<uint8_t> bytes;
  };
  uint16_t machine_;
  uint16_t type_;
  std::vector<Part> parts_;
};

}  // namespace nodespan::elf::testing
