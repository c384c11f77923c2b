// SPDX-License-Identifier: Apache-2.0
#include "goinspect/type_reader.h"

#include <algorithm>
#include <span>

#include "elf/little_endian.h"
#include "goinspect/printable.h"

namespace nodespan::goinspect {
namespace {

using elf::Load;

// Offsets in abi.Type.
constexpr uint64_t kSizeOff = 0;
constexpr uint64_t kPtrBytesOff = 8;
constexpr uint64_t kHashOff = 16;   // u32
constexpr uint64_t kFlagsOff = 20;  // tflag, align, fieldAlign, kind: one byte each
constexpr uint64_t kAlignOff = 21;
constexpr uint64_t kKindOff = 23;
constexpr uint64_t kEqualOff = 24;
constexpr uint64_t kGcDataOff = 32;
constexpr uint64_t kStrOff = 40;
constexpr uint64_t kPtrToThisOff = 44;

constexpr uint8_t kKindMask = 0x1f;  // the bits above are flags that have come and gone
constexpr uint8_t kFlagLimit = 0x40;

constexpr uint64_t kStructFieldsOff = 56;  // slice
constexpr uint64_t kStructFieldBytes = 24;
constexpr uint64_t kMaxFields = 65535;

constexpr uint64_t kUncommonBytes = 16;
constexpr uint16_t kMaxMethods = 20000;

// A package path or type name is short; the type string of an unnamed struct can take some KiB.
constexpr uint64_t kMaxNameBytes = uint64_t{64} << 10;

// The cheap part of the header test, on the four bytes tflag, align, fieldAlign, kind. Most words fail the first line.
bool CanBeHeader(uint32_t bytes) {
  const uint8_t align = static_cast<uint8_t>(bytes >> 8);
  if (align != static_cast<uint8_t>(bytes >> 16) || align == 0 || align > 8) {
    return false;
  }
  const uint8_t flags = static_cast<uint8_t>(bytes);
  const uint8_t kind = static_cast<uint8_t>(bytes >> 24) & kKindMask;
  return (align & (align - 1)) == 0 && flags < kFlagLimit && kind >= 1 &&
         kind <= static_cast<uint8_t>(Kind::kUnsafePointer);
}

// abi.Name: a flag byte, the length as a varint, the text.
constexpr uint64_t kMaxNameHeaderBytes = 4;  // a length of more than three groups of seven bits is refused

struct NameHeader {
  uint64_t header_bytes = 0;
  uint64_t text_bytes = 0;
};

std::optional<NameHeader> ParseNameHeader(std::span<const uint8_t> bytes) {
  NameHeader header;
  for (uint64_t i = 1; i < std::min<uint64_t>(bytes.size(), kMaxNameHeaderBytes); ++i) {
    header.text_bytes |= uint64_t{bytes[i] & 0x7fU} << (7 * (i - 1));
    if (bytes[i] < 0x80) {
      header.header_bytes = i + 1;
      return header.text_bytes <= kMaxNameBytes ? std::optional(header) : std::nullopt;
    }
  }
  return std::nullopt;
}

// The name that begins at the start of `bytes`.
std::optional<std::string_view> DecodeName(std::span<const uint8_t> bytes) {
  const std::optional<NameHeader> header = ParseNameHeader(bytes);
  if (!header.has_value() || header->header_bytes + header->text_bytes > bytes.size()) {
    return std::nullopt;
  }
  const std::string_view name(reinterpret_cast<const char*>(bytes.data()) + header->header_bytes, header->text_bytes);
  return IsPrintableUtf8(name) ? std::optional(name) : std::nullopt;
}

}  // namespace

const uint8_t* TypeReader::View(uint64_t vaddr, uint64_t count) {
  if (!Contains(vaddr) || count > end_vaddr_ - vaddr) {
    return nullptr;
  }
  return image_.View(vaddr, count);
}

std::optional<uint64_t> TypeReader::Word(uint64_t vaddr) {
  const uint8_t* bytes = View(vaddr, 8);
  return bytes == nullptr ? std::nullopt : std::optional(Load<uint64_t>(bytes));
}

void TypeReader::Trim() {
  if (image_.file().resident_bytes() > kMaxKeptBytes) {
    image_.Release(begin_vaddr_, end_vaddr_ - begin_vaddr_);
  }
}

bool TypeReader::CanAfford(std::string_view name) {
  if (name.size() > name_bytes_left_) {
    name_bytes_left_ = 0;
    return false;
  }
  name_bytes_left_ -= name.size();
  return true;
}

std::optional<std::string_view> TypeReader::NameAt(uint64_t vaddr) {
  if (!Contains(vaddr)) {
    return std::nullopt;
  }
  // The length first, then what it says.
  const uint64_t available = std::min(end_vaddr_ - vaddr, kMaxNameHeaderBytes);
  const uint8_t* header = View(vaddr, available);
  const std::optional<NameHeader> parsed = header == nullptr ? std::nullopt : ParseNameHeader({header, available});
  const uint8_t* bytes = parsed.has_value() ? View(vaddr, parsed->header_bytes + parsed->text_bytes) : nullptr;
  if (bytes == nullptr) {
    return std::nullopt;
  }
  const std::string_view name(reinterpret_cast<const char*>(bytes) + parsed->header_bytes, parsed->text_bytes);
  return CanAfford(name) && IsPrintableUtf8(name) ? std::optional(name) : std::nullopt;
}

std::optional<TypeHeader> TypeReader::HeaderWithoutName(uint64_t vaddr, const uint8_t* bytes) const {
  if (!CanBeHeader(Load<uint32_t>(bytes + kFlagsOff))) {
    return std::nullopt;
  }
  TypeHeader header;
  header.vaddr = vaddr;
  header.size_bytes = Load<uint64_t>(bytes + kSizeOff);
  header.hash = Load<uint32_t>(bytes + kHashOff);
  header.flags = bytes[kFlagsOff];
  header.kind = static_cast<Kind>(bytes[kKindOff] & kKindMask);
  header.name_off = Load<uint32_t>(bytes + kStrOff);
  header.pointer_off = Load<uint32_t>(bytes + kPtrToThisOff);
  const uint8_t align = bytes[kAlignOff];
  const uint64_t pointer_bytes = Load<uint64_t>(bytes + kPtrBytesOff);
  if (header.size_bytes % align != 0 || pointer_bytes > header.size_bytes || pointer_bytes % 8 != 0) {
    return std::nullopt;
  }
  const uint64_t region_bytes = end_vaddr_ - begin_vaddr_;
  if (header.name_off == 0 || header.name_off >= region_bytes || header.pointer_off >= region_bytes) {
    return std::nullopt;
  }
  // May point into .bss: since Go 1.24 some masks are built on demand.
  for (const uint64_t pointer : {Load<uint64_t>(bytes + kEqualOff), Load<uint64_t>(bytes + kGcDataOff)}) {
    if (pointer != 0 && !image_.IsMapped(pointer)) {
      return std::nullopt;
    }
  }
  return header;
}

std::optional<TypeHeader> TypeReader::Header(uint64_t vaddr) {
  const uint8_t* bytes = vaddr % 8 == 0 ? View(vaddr, kHeaderBytes) : nullptr;
  std::optional<TypeHeader> header = bytes == nullptr ? std::nullopt : HeaderWithoutName(vaddr, bytes);
  if (!header.has_value()) {
    return std::nullopt;
  }
  const std::optional<std::string_view> name = NameAt(begin_vaddr_ + header->name_off);
  if (!name.has_value() || name->empty()) {
    return std::nullopt;
  }
  header->name = *name;
  if (header->has_extra_star()) {
    if (header->name.front() != '*' || header->name.size() == 1) {
      return std::nullopt;
    }
    header->name.remove_prefix(1);
  }
  return header;
}

bool TypeReader::ForEach(uint64_t begin_vaddr, uint64_t end_vaddr, absl::FunctionRef<void(const TypeHeader&)> visit) {
  const uint64_t begin = (begin_vaddr + 7) / 8 * 8;
  const uint64_t end = std::min(end_vaddr, end_vaddr_);
  if (begin >= end) {
    return true;
  }
  const uint8_t* bytes = View(begin, end - begin);
  if (bytes == nullptr) {
    return false;
  }
  for (uint64_t off = 0; off + kHeaderBytes <= end - begin; off += 8) {
    if (!CanBeHeader(Load<uint32_t>(bytes + off + kFlagsOff))) {
      continue;
    }
    if (const std::optional<TypeHeader> header = Header(begin + off); header.has_value()) {
      visit(*header);
    } else if (exhausted()) {
      return false;
    }
  }
  return true;
}

bool TypeReader::Scan(absl::FunctionRef<void(const TypeHeader&, std::span<const uint8_t>)> visit) {
  const elf::Segment* segment = image_.SegmentOf(begin_vaddr_);
  if (segment == nullptr) {
    return false;
  }
  return image_.Scan(*segment, begin_vaddr_, end_vaddr_, kMaxDescriptorBytes, [&](const elf::Image::Window& window) {
    const uint64_t end = std::min<uint64_t>(window.bytes.size(), end_vaddr_ - window.vaddr);
    for (uint64_t off = 0; off < window.start_bytes && off + kHeaderBytes <= end; off += 8) {
      const uint8_t* bytes = window.bytes.data() + off;
      if (!CanBeHeader(Load<uint32_t>(bytes + kFlagsOff))) {
        continue;  // most slots, in line
      }
      if (const std::optional<TypeHeader> header = HeaderWithoutName(window.vaddr + off, bytes); header.has_value()) {
        visit(*header, window.bytes.subspan(off, std::min(kMaxDescriptorBytes, end - off)));
      }
    }
    return true;
  });
}

bool TypeReader::ForEachName(std::span<const uint32_t> offs, absl::FunctionRef<void(size_t, std::string_view)> visit) {
  const elf::Segment* segment = image_.SegmentOf(begin_vaddr_);
  if (segment == nullptr || offs.empty()) {
    return segment != nullptr;
  }
  size_t index = 0;
  const uint64_t begin = (begin_vaddr_ + offs.front()) & ~uint64_t{7};
  const bool readable =
      image_.Scan(*segment, begin, end_vaddr_, kMaxNameBytes + kMaxNameHeaderBytes, [&](const auto& window) {
        const uint64_t end = std::min<uint64_t>(window.bytes.size(), end_vaddr_ - window.vaddr);
        const uint64_t window_off =
            window.vaddr - begin_vaddr_;  // wraps when the region does not begin at an aligned address
        for (; index < offs.size() && offs[index] - window_off < window.start_bytes; ++index) {
          const auto name = DecodeName(window.bytes.first(end).subspan(offs[index] - window_off));
          if (name.has_value() && CanAfford(*name)) {
            visit(index, *name);
          }
        }
        return index < offs.size() && !exhausted();
      });
  return readable && !exhausted();
}

std::optional<uint64_t> TypeReader::UncommonOff(const TypeHeader& type) const {
  if (!type.has_uncommon()) {
    return std::nullopt;
  }
  switch (type.kind) {  // behind the part that is specific to the kind
    case Kind::kPointer:
    case Kind::kSlice:
    case Kind::kFunc: return 56;
    case Kind::kChan: return 64;
    case Kind::kArray: return 72;
    case Kind::kStruct:
    case Kind::kInterface: return 80;
    case Kind::kMap: return map_descriptor_bytes_ == 0 ? std::nullopt : std::optional(map_descriptor_bytes_);
    default: return kHeaderBytes;
  }
}

// abi.UncommonType: package path as a name offset, method counts, offset of the methods, an unused word.
std::optional<uint32_t> TypeReader::PackagePathOffIn(const uint8_t* uncommon) const {
  const uint32_t path_off = Load<uint32_t>(uncommon);
  const uint16_t method_count = Load<uint16_t>(uncommon + 4);
  const uint16_t exported_count = Load<uint16_t>(uncommon + 6);
  const uint32_t unused = Load<uint32_t>(uncommon + 12);
  if (exported_count > method_count || method_count > kMaxMethods || unused != 0 ||
      path_off >= end_vaddr_ - begin_vaddr_) {
    return std::nullopt;
  }
  return path_off;
}

std::optional<uint32_t> TypeReader::PackagePathOff(const TypeHeader& type, std::span<const uint8_t> descriptor) const {
  const std::optional<uint64_t> off = UncommonOff(type);
  if (!off.has_value()) {
    return type.kind == Kind::kMap ? std::nullopt : std::optional<uint32_t>(0);  // every named map has a package
  }
  return *off + kUncommonBytes > descriptor.size() ? std::nullopt : PackagePathOffIn(descriptor.data() + *off);
}

std::optional<uint32_t> TypeReader::PackagePathOff(const TypeHeader& type) {
  const uint64_t bytes = UncommonOff(type).value_or(0) + kUncommonBytes;
  const uint8_t* descriptor = View(type.vaddr, bytes);
  return descriptor == nullptr ? std::nullopt : PackagePathOff(type, {descriptor, bytes});
}

std::optional<std::string_view> TypeReader::PackagePath(uint64_t uncommon_vaddr) {
  const uint8_t* bytes = View(uncommon_vaddr, kUncommonBytes);
  const std::optional<uint32_t> path_off = bytes == nullptr ? std::nullopt : PackagePathOffIn(bytes);
  if (!path_off.has_value()) {
    return std::nullopt;
  }
  return *path_off == 0 ? std::optional(std::string_view()) : NameAt(begin_vaddr_ + *path_off);
}

bool TypeReader::MapDescriptorCanHave(const TypeHeader& map, uint64_t bytes) {
  // The methods follow at once: a map descriptor has nothing between the uncommon part and them.
  constexpr uint64_t kMethodsOff = 8;
  const uint8_t* uncommon = View(map.vaddr + bytes, kUncommonBytes);
  if (uncommon == nullptr || Load<uint32_t>(uncommon + kMethodsOff) != kUncommonBytes) {
    return false;
  }
  // Sizes and offsets inside the descriptor can look like all that, so the path must fit the name as well: those of the
  // standard library and of most modules contain the package's name.
  const std::optional<std::string_view> path = PackagePath(map.vaddr + bytes);
  const size_t package_name_bytes = map.name.find('.');
  return path.has_value() && package_name_bytes != std::string_view::npos && package_name_bytes > 0 &&
         path->find(map.name.substr(0, package_name_bytes)) != std::string_view::npos;
}

std::optional<TypeReader::NameParts> TypeReader::SplitName(const TypeHeader& type) {
  const std::optional<uint32_t> path_off = type.is_named() ? PackagePathOff(type) : std::nullopt;
  if (!path_off.has_value()) {
    return std::nullopt;
  }
  std::string_view package_path;
  if (*path_off != 0) {
    const std::optional<std::string_view> path = NameAt(begin_vaddr_ + *path_off);
    if (!path.has_value()) {
      return std::nullopt;
    }
    package_path = *path;
  }
  return NameParts{package_path, WithoutPackage(type.name)};
}

std::optional<std::string> TypeReader::FullName(const TypeHeader& type) {
  if (type.is_named()) {
    return QualifiedName(type);
  }
  const std::optional<uint64_t> target_vaddr = type.kind == Kind::kPointer ? FirstTailWord(type) : std::nullopt;
  const std::optional<TypeHeader> target = target_vaddr.has_value() ? Header(*target_vaddr) : std::nullopt;
  const auto name = target.has_value() && target->is_named() ? QualifiedName(*target) : std::nullopt;
  return name.has_value() ? "*" + *name : std::string(type.name);
}

// The methods stand, by name, at an offset from the uncommon part: name, type, code for interfaces, code; four bytes
// each. The linker writes 0, or -1 since Go 1.16, for the code of one that it left out.
std::optional<uint32_t> TypeReader::MethodTextOff(const TypeHeader& type, std::string_view method) {
  constexpr uint64_t kMethodBytes = 16;
  const std::optional<uint64_t> off = type.kind == Kind::kMap ? std::nullopt : UncommonOff(type);
  const uint8_t* uncommon = off.has_value() ? View(type.vaddr + *off, kUncommonBytes) : nullptr;
  if (uncommon == nullptr || !PackagePathOffIn(uncommon).has_value()) {
    return std::nullopt;
  }
  const uint16_t count = Load<uint16_t>(uncommon + 4);
  const uint64_t methods_vaddr = type.vaddr + *off + Load<uint32_t>(uncommon + 8);
  for (uint64_t i = 0; i < count; ++i) {
    const uint8_t* entry = View(methods_vaddr + i * kMethodBytes, kMethodBytes);
    if (entry == nullptr) {
      return std::nullopt;
    }
    const uint32_t code_off = Load<uint32_t>(entry + 12);
    if (NameAt(begin_vaddr_ + Load<uint32_t>(entry)) == method) {
      return code_off == 0 || code_off == UINT32_MAX ? std::nullopt : std::optional(code_off);
    }
  }
  return std::nullopt;
}

// The name begins behind the last dot outside brackets.
std::string_view TypeReader::WithoutPackage(std::string_view name) {
  size_t begin = name.size();
  for (int depth = 0; begin > 0 && (name[begin - 1] != '.' || depth != 0); --begin) {
    depth += name[begin - 1] == ']' ? 1 : name[begin - 1] == '[' ? -1 : 0;
  }
  return name.substr(begin);
}

std::optional<std::string> TypeReader::QualifiedName(const TypeHeader& type) {
  const std::optional<NameParts> parts = SplitName(type);
  if (!parts.has_value()) {
    return std::nullopt;
  }
  std::string result(parts->package_path);
  if (!result.empty()) {
    result += '.';
  }
  return result.append(parts->name);
}

std::optional<TypeReader::Range> TypeReader::FieldTable(const TypeHeader& structure) {
  const std::optional<uint64_t> fields_vaddr = WordAt(structure, kStructFieldsOff);
  const std::optional<uint64_t> count = WordAt(structure, kStructFieldsOff + 8);
  if (structure.kind != Kind::kStruct || !fields_vaddr.has_value() || !count.has_value() || *count > kMaxFields) {
    return std::nullopt;
  }
  return Range{*fields_vaddr, *count * kStructFieldBytes};
}

std::optional<std::vector<RawField>> TypeReader::Fields(const TypeHeader& structure) {
  const std::optional<Range> table = FieldTable(structure);
  if (!table.has_value()) {
    return std::nullopt;
  }
  std::vector<RawField> fields;
  const uint64_t count = table->bytes / kStructFieldBytes;
  const uint8_t* bytes = count == 0 ? nullptr : View(table->vaddr, table->bytes);
  if (bytes == nullptr) {
    return count == 0 ? std::optional(std::move(fields)) : std::nullopt;
  }
  fields.reserve(count);
  uint64_t previous_end = 0;  // fields do not overlap
  for (uint64_t i = 0; i < count; ++i, bytes += kStructFieldBytes) {
    const uint64_t offset = Load<uint64_t>(bytes + 16) >> field_offset_shift_;
    const std::optional<std::string_view> name = NameAt(Load<uint64_t>(bytes));
    const std::optional<TypeHeader> type = Header(Load<uint64_t>(bytes + 8));
    if (!name.has_value() || name->empty() || !type.has_value() || offset > structure.size_bytes ||
        type->size_bytes > structure.size_bytes - offset || offset < previous_end) {
      return std::nullopt;
    }
    fields.push_back({*name, *type, offset});
    previous_end = offset + type->size_bytes;
  }
  return fields;
}

}  // namespace nodespan::goinspect
