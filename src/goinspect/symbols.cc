// SPDX-License-Identifier: Apache-2.0
#include "goinspect/symbols.h"

#include <utility>

#include "base/status_macros.h"

namespace nodespan::goinspect {

Symbols::Symbols(std::unique_ptr<elf::Image> image, const SymbolTables& tables)
    : image_(std::move(image)),
      functions_(*image_, tables.source.functions),
      lines_(*image_, functions_, tables.source),
      types_(*image_, tables.types_begin_vaddr, tables.types_end_vaddr) {}

absl::StatusOr<std::unique_ptr<Symbols>> Symbols::Open(int fd, const SymbolTables& tables) {
  NODESPAN_ASSIGN_OR_RETURN(auto image, elf::Image::Open(fd));
  return std::unique_ptr<Symbols>(new Symbols(std::move(image), tables));
}

absl::StatusOr<std::unique_ptr<Symbols>> Symbols::OpenBytes(std::span<const uint8_t> bytes,
                                                            const SymbolTables& tables) {
  NODESPAN_ASSIGN_OR_RETURN(auto image, elf::Image::OpenBytes(bytes));
  return std::unique_ptr<Symbols>(new Symbols(std::move(image), tables));
}

std::span<const uint8_t> Symbols::Code(uint64_t entry_vaddr) const {
  const std::optional<FunctionTable::Entry> entry = functions_.At(entry_vaddr);
  const elf::Segment* segment = image_->SegmentOf(entry_vaddr);
  if (!entry.has_value() || entry->vaddr != entry_vaddr || segment == nullptr || !segment->executable) {
    return {};
  }
  const uint8_t* code = image_->View(entry_vaddr, entry->size_bytes);
  return code == nullptr ? std::span<const uint8_t>() : std::span(code, entry->size_bytes);
}

std::optional<Symbols::Type> Symbols::TypeAt(uint64_t type_vaddr) {
  types_.StartOperation();
  const std::optional<TypeHeader> type = types_.Header(type_vaddr);
  std::optional<std::string> name = type.has_value() ? types_.FullName(*type) : std::nullopt;
  if (!name.has_value()) {
    return std::nullopt;
  }
  return Type{*std::move(name), type->kind, type->size_bytes};
}

std::optional<uint64_t> Symbols::MethodVaddr(uint64_t type_vaddr, std::string_view method) {
  types_.StartOperation();
  const std::optional<TypeHeader> type = types_.Header(type_vaddr);
  const auto text_off = type.has_value() ? types_.MethodTextOff(*type, method) : std::nullopt;
  return text_off.has_value() ? std::optional(functions_.ranges().text_vaddr + *text_off) : std::nullopt;
}

}  // namespace nodespan::goinspect
