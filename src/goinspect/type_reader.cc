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
constexpr uint8_t kFlagExtraStar = 2;
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

// abi.Name: a flag byte, the length as a varint, the text.
std::optional<std::string_view> TypeReader::NameAt(uint64_t vaddr) {
  uint64_t length = 0;
  uint64_t header_bytes = 1;
  for (int shift = 0;; shift += 7, ++header_bytes) {
    const uint8_t* byte = shift > 14 ? nullptr : View(vaddr + header_bytes, 1);
    if (byte == nullptr) {
      return std::nullopt;  // also for lengths of more than three groups of seven bits
    }
    length |= uint64_t{*byte & 0x7fU} << shift;
    if (*byte < 0x80) {
      ++header_bytes;
      break;
    }
  }
  const uint8_t* text = length > kMaxNameBytes ? nullptr : View(vaddr + header_bytes, length);
  if (text == nullptr) {
    return std::nullopt;
  }
  if (length > name_bytes_left_) {
    name_bytes_left_ = 0;
    return std::nullopt;
  }
  name_bytes_left_ -= length;
  const std::string_view name(reinterpret_cast<const char*>(text), length);
  return IsPrintableUtf8(name) ? std::optional(name) : std::nullopt;
}

std::optional<TypeHeader> TypeReader::Header(uint64_t vaddr) {
  const uint8_t* bytes = vaddr % 8 == 0 ? View(vaddr, kHeaderBytes) : nullptr;
  if (bytes == nullptr || !CanBeHeader(Load<uint32_t>(bytes + kFlagsOff))) {
    return std::nullopt;
  }
  TypeHeader header;
  header.vaddr = vaddr;
  header.size_bytes = Load<uint64_t>(bytes + kSizeOff);
  header.hash = Load<uint32_t>(bytes + kHashOff);
  header.flags = bytes[kFlagsOff];
  header.kind = static_cast<Kind>(bytes[kKindOff] & kKindMask);
  header.pointer_off = Load<uint32_t>(bytes + kPtrToThisOff);
  const uint8_t align = bytes[kAlignOff];
  const uint64_t pointer_bytes = Load<uint64_t>(bytes + kPtrBytesOff);
  if (header.size_bytes % align != 0 || pointer_bytes > header.size_bytes || pointer_bytes % 8 != 0) {
    return std::nullopt;
  }
  const uint64_t name_off = Load<uint32_t>(bytes + kStrOff);
  const uint64_t region_bytes = end_vaddr_ - begin_vaddr_;
  if (name_off == 0 || name_off >= region_bytes || header.pointer_off >= region_bytes) {
    return std::nullopt;
  }
  // May point into .bss: since Go 1.24 some masks are built on demand.
  for (const uint64_t pointer : {Load<uint64_t>(bytes + kEqualOff), Load<uint64_t>(bytes + kGcDataOff)}) {
    if (pointer != 0 && !image_.IsMapped(pointer)) {
      return std::nullopt;
    }
  }
  const std::optional<std::string_view> name = NameAt(begin_vaddr_ + name_off);
  if (!name.has_value() || name->empty()) {
    return std::nullopt;
  }
  header.name = *name;
  if ((header.flags & kFlagExtraStar) != 0) {
    if (header.name.front() != '*' || header.name.size() == 1) {
      return std::nullopt;
    }
    header.name.remove_prefix(1);
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

std::optional<uint64_t> TypeReader::UncommonVaddr(const TypeHeader& type) const {
  if (!type.has_uncommon()) {
    return std::nullopt;
  }
  switch (type.kind) {  // behind the part that is specific to the kind
    case Kind::kPointer:
    case Kind::kSlice:
    case Kind::kFunc: return type.vaddr + 56;
    case Kind::kChan: return type.vaddr + 64;
    case Kind::kArray: return type.vaddr + 72;
    case Kind::kStruct:
    case Kind::kInterface: return type.vaddr + 80;
    case Kind::kMap:
      return map_descriptor_bytes_ == 0 ? std::nullopt : std::optional(type.vaddr + map_descriptor_bytes_);
    default: return type.vaddr + kHeaderBytes;
  }
}

// abi.UncommonType: package path as a name offset, method counts, offset of the methods, an unused word.
std::optional<std::string_view> TypeReader::PackagePath(uint64_t uncommon_vaddr) {
  const uint8_t* bytes = View(uncommon_vaddr, kUncommonBytes);
  if (bytes == nullptr) {
    return std::nullopt;
  }
  const uint64_t path_off = Load<uint32_t>(bytes);
  const uint16_t method_count = Load<uint16_t>(bytes + 4);
  const uint16_t exported_count = Load<uint16_t>(bytes + 6);
  const uint32_t unused = Load<uint32_t>(bytes + 12);
  if (exported_count > method_count || method_count > kMaxMethods || unused != 0 ||
      path_off >= end_vaddr_ - begin_vaddr_) {
    return std::nullopt;
  }
  return path_off == 0 ? std::optional(std::string_view()) : NameAt(begin_vaddr_ + path_off);
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
  if (!type.is_named()) {
    return std::nullopt;
  }
  std::string_view package_path;
  if (const std::optional<uint64_t> uncommon = UncommonVaddr(type); uncommon.has_value()) {
    const std::optional<std::string_view> path = PackagePath(*uncommon);
    if (!path.has_value()) {
      return std::nullopt;
    }
    package_path = *path;
  } else if (type.kind == Kind::kMap) {
    return std::nullopt;  // every named map has a package
  }
  // "http.Request" and "atomic.Pointer[net/http.response]": the name begins behind the last dot outside brackets.
  size_t begin = type.name.size();
  for (int depth = 0; begin > 0 && (type.name[begin - 1] != '.' || depth != 0); --begin) {
    depth += type.name[begin - 1] == ']' ? 1 : type.name[begin - 1] == '[' ? -1 : 0;
  }
  return NameParts{package_path, type.name.substr(begin)};
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

std::optional<std::vector<RawField>> TypeReader::Fields(const TypeHeader& structure) {
  const std::optional<uint64_t> fields_vaddr = WordAt(structure, kStructFieldsOff);
  const std::optional<uint64_t> count = WordAt(structure, kStructFieldsOff + 8);
  if (structure.kind != Kind::kStruct || !fields_vaddr.has_value() || !count.has_value() || *count > kMaxFields) {
    return std::nullopt;
  }
  std::vector<RawField> fields;
  const uint8_t* bytes = *count == 0 ? nullptr : View(*fields_vaddr, *count * kStructFieldBytes);
  if (bytes == nullptr) {
    return *count == 0 ? std::optional(std::move(fields)) : std::nullopt;
  }
  fields.reserve(*count);
  uint64_t previous_end = 0;  // fields do not overlap
  for (uint64_t i = 0; i < *count; ++i, bytes += kStructFieldBytes) {
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
