// SPDX-License-Identifier: Apache-2.0
#include "elf/headers.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/errors.h"
#include "base/status_macros.h"
#include "elf/little_endian.h"

namespace nodespan::elf {
namespace {

using absl::StatusCode;
using base::MakeStatus;

// Go's linker writes about 10 program headers, ld and lld up to about 15.
constexpr uint16_t kMaxProgramHeaders = 128;

std::string_view MachineName(uint16_t machine) {
  switch (machine) {
    case EM_386: return "386";
    case EM_ARM: return "arm";
    case EM_MIPS: return "mips";
    case EM_PPC64: return "ppc64";
    case EM_S390: return "s390x";
    case EM_RISCV: return "riscv64";
    case 258: return "loong64";  // EM_LOONGARCH, missing in older elf.h
    default: return "unknown";
  }
}

absl::Status CheckIdentity(std::span<const uint8_t, sizeof(Elf64_Ehdr)> bytes) {
  if (std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) {
    return MakeStatus(StatusCode::kNotFound, "not an ELF file");
  }
  if (bytes[EI_CLASS] == ELFCLASS32) {
    return MakeStatus(StatusCode::kUnimplemented, "32-bit ELF file; only 64-bit executables are supported");
  }
  if (bytes[EI_CLASS] != ELFCLASS64) {
    return MakeStatus(StatusCode::kDataLoss, "ELF class {} does not exist", bytes[EI_CLASS]);
  }
  if (bytes[EI_DATA] == ELFDATA2MSB) {
    return MakeStatus(StatusCode::kUnimplemented, "big-endian ELF file; only little-endian machines are supported");
  }
  if (bytes[EI_DATA] != ELFDATA2LSB) {
    return MakeStatus(StatusCode::kDataLoss, "ELF byte order {} does not exist", bytes[EI_DATA]);
  }
  return absl::OkStatus();
}

absl::Status AddLoad(const Elf64_Phdr& header, std::vector<Segment>& loads) {
  if (header.p_memsz == 0) {
    return absl::OkStatus();
  }
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  if (header.p_filesz > header.p_memsz || header.p_vaddr > kMax - header.p_memsz ||
      header.p_offset > kMax - header.p_filesz) {
    return MakeStatus(StatusCode::kDataLoss, "PT_LOAD at {:#x}: impossible sizes", header.p_vaddr);
  }
  loads.push_back({.vaddr = header.p_vaddr,
                   .mem_bytes = header.p_memsz,
                   .file_off = header.p_offset,
                   .file_bytes = header.p_filesz,
                   .writable = (header.p_flags & PF_W) != 0,
                   .executable = (header.p_flags & PF_X) != 0});
  return absl::OkStatus();
}

absl::Status CheckOrder(std::vector<Segment>& loads) {
  std::sort(loads.begin(), loads.end(), [](const Segment& a, const Segment& b) { return a.vaddr < b.vaddr; });
  for (size_t i = 1; i < loads.size(); ++i) {
    if (loads[i].vaddr - loads[i - 1].vaddr < loads[i - 1].mem_bytes) {
      return MakeStatus(StatusCode::kDataLoss, "PT_LOAD segments overlap at {:#x}", loads[i].vaddr);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Headers> ReadHeaders(ReadAt read_at) {
  std::array<uint8_t, sizeof(Elf64_Ehdr)> identity{};
  if (!read_at(0, identity)) {
    return MakeStatus(StatusCode::kNotFound, "too short for an ELF file");
  }
  NODESPAN_RETURN_IF_ERROR(CheckIdentity(identity));
  Elf64_Ehdr file_header;
  std::memcpy(&file_header, identity.data(), sizeof(file_header));
  if (file_header.e_machine != EM_X86_64 && file_header.e_machine != EM_AARCH64) {
    return MakeStatus(StatusCode::kUnimplemented, "machine {} ({}) is not supported; amd64 and arm64 are",
                      MachineName(file_header.e_machine), file_header.e_machine);
  }
  if (file_header.e_type != ET_EXEC && file_header.e_type != ET_DYN) {
    return MakeStatus(StatusCode::kNotFound, "ELF type {} is not an executable", file_header.e_type);
  }
  if (file_header.e_phnum == 0 || file_header.e_phentsize != sizeof(Elf64_Phdr)) {
    return MakeStatus(StatusCode::kDataLoss, "{} program headers of {} bytes", file_header.e_phnum,
                      file_header.e_phentsize);
  }
  if (file_header.e_phnum > kMaxProgramHeaders) {
    return MakeStatus(StatusCode::kResourceExhausted, "{} program headers, more than {}", file_header.e_phnum,
                      kMaxProgramHeaders);
  }
  std::vector<uint8_t> table(file_header.e_phnum * sizeof(Elf64_Phdr));
  if (file_header.e_phoff > std::numeric_limits<uint64_t>::max() - table.size() ||
      !read_at(file_header.e_phoff, table)) {
    return MakeStatus(StatusCode::kDataLoss, "program headers at {:#x} lie outside the file", file_header.e_phoff);
  }

  Headers headers;
  headers.machine = static_cast<Machine>(file_header.e_machine);
  headers.is_shared_object = file_header.e_type == ET_DYN;
  headers.end_file_off = file_header.e_phoff + table.size();
  if (file_header.e_shentsize == sizeof(Elf64_Shdr)) {
    headers.section_headers = {file_header.e_shoff, uint64_t{file_header.e_shnum} * sizeof(Elf64_Shdr)};
  }
  for (size_t i = 0; i < file_header.e_phnum; ++i) {
    Elf64_Phdr header;
    std::memcpy(&header, table.data() + i * sizeof(header), sizeof(header));
    switch (header.p_type) {
      case PT_LOAD: NODESPAN_RETURN_IF_ERROR(AddLoad(header, headers.loads)); break;
      case PT_NOTE: headers.notes.push_back({header.p_offset, header.p_filesz}); break;
      case PT_DYNAMIC: headers.dynamic = FileRange{header.p_offset, header.p_filesz}; break;
      case PT_INTERP: headers.has_interpreter = true; break;
      case PT_GNU_RELRO: headers.relro_end_vaddr = header.p_vaddr + header.p_memsz; break;
      default: break;
    }
  }
  if (headers.loads.empty()) {
    return MakeStatus(StatusCode::kDataLoss, "no PT_LOAD segment");
  }
  NODESPAN_RETURN_IF_ERROR(CheckOrder(headers.loads));
  return headers;
}

}  // namespace nodespan::elf
