// SPDX-License-Identifier: Apache-2.0
// Symbols names the functions, lines and types of an executable that has been inspected before, by their addresses.
//
// It keeps nothing of its own: what is looked at is read again, a few pages for each answer, so that nobody holds
// function tables in memory only because some of them may be asked for. Whoever opens one has to know that the file is
// still the one that the tables were taken from.
// Thread: one at a time. Bad input: a status from Open(), nothing from the questions; each takes bounded time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "elf/image.h"
#include "goinspect/go_binary.h"
#include "goinspect/pclntab.h"
#include "goinspect/source_lines.h"
#include "goinspect/type_reader.h"

namespace nodespan::goinspect {

// From GoBinary::FindSymbolTables(): a plain value.
struct SymbolTables {
  SourceTables source;
  uint64_t types_begin_vaddr = 0;
  uint64_t types_end_vaddr = 0;
};

class Symbols {
 public:
  // Duplicates the descriptor; the caller keeps his.
  static absl::StatusOr<std::unique_ptr<Symbols>> Open(int fd, const SymbolTables& tables);
  // The same over bytes in memory, which must outlive the object (tests).
  static absl::StatusOr<std::unique_ptr<Symbols>> OpenBytes(std::span<const uint8_t> bytes, const SymbolTables& tables);

  const SourceLines& lines() const { return lines_; }

  // The machine code of the function that begins at the address, up to the next one; empty when there is none.
  std::span<const uint8_t> Code(uint64_t entry_vaddr) const;

  // The type whose descriptor is at the address. The name is "*errors.errorString", with whole package paths, or
  // "[]int" for a type without a name.
  struct Type {
    std::string name;
    Kind kind = Kind::kInvalid;
    uint64_t size_bytes = 0;
  };
  std::optional<Type> TypeAt(uint64_t type_vaddr);

  // Where the method of the type begins. Nullopt: it has none of that name, or the linker has left it out.
  std::optional<uint64_t> MethodVaddr(uint64_t type_vaddr, std::string_view method);

 private:
  Symbols(std::unique_ptr<elf::Image> image, const SymbolTables& tables);

  std::unique_ptr<elf::Image> image_;
  FunctionTable functions_;
  SourceLines lines_;
  TypeReader types_;
};

}  // namespace nodespan::goinspect
