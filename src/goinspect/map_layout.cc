// SPDX-License-Identifier: Apache-2.0
#include "goinspect/map_layout.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace nodespan::goinspect {
namespace {

// Offsets in abi.MapType.
constexpr uint64_t kKeyOff = 48;
constexpr uint64_t kElemOff = 56;
constexpr uint64_t kUnitOff = 64;         // Bucket or Group
constexpr uint64_t kArrayLengthOff = 64;  // abi.ArrayType.Len
constexpr uint64_t kSlotsPerUnit = 8;     // abi.MapBucketCount, abi.MapGroupSlots

const RawField* FindField(const std::vector<RawField>& fields, std::string_view name) {
  const auto it = std::find_if(fields.begin(), fields.end(), [&](const RawField& field) { return field.name == name; });
  return it == fields.end() ? nullptr : &*it;
}

std::optional<TypeHeader> TypeAt(TypeReader& reader, const TypeHeader& type, uint64_t offset) {
  const std::optional<uint64_t> vaddr = reader.WordAt(type, offset);
  return vaddr.has_value() ? reader.Header(*vaddr) : std::nullopt;
}

// The element type of an array of one entry per slot.
std::optional<TypeHeader> SlotType(TypeReader& reader, const TypeHeader& array) {
  const std::optional<TypeHeader> element =
      array.kind == Kind::kArray ? TypeAt(reader, array, TypeReader::kHeaderBytes) : std::nullopt;
  if (!element.has_value() || reader.WordAt(array, kArrayLengthOff) != kSlotsPerUnit ||
      array.size_bytes != element->size_bytes * kSlotsPerUnit) {
    return std::nullopt;
  }
  return element;
}

// Keys or elements above 128 bytes are stored behind a pointer.
bool FillIndirection(TypeReader& reader, const TypeHeader& map, const TypeHeader& stored_key,
                     const TypeHeader& stored_elem, MapLayout& layout) {
  const std::optional<uint64_t> key = reader.WordAt(map, kKeyOff);
  const std::optional<uint64_t> elem = reader.WordAt(map, kElemOff);
  if (!key.has_value() || !elem.has_value()) {
    return false;
  }
  layout.key_is_pointer = stored_key.vaddr != *key;
  layout.elem_is_pointer = stored_elem.vaddr != *elem;
  return true;
}

}  // namespace

std::optional<MapLayout> ReadMapLayout(TypeReader& reader, const TypeHeader& map) {
  const std::optional<TypeHeader> unit = map.kind == Kind::kMap ? TypeAt(reader, map, kUnitOff) : std::nullopt;
  const auto fields = unit.has_value() ? reader.Fields(*unit) : std::nullopt;
  if (!fields.has_value()) {
    return std::nullopt;
  }
  MapLayout layout;
  layout.group_bytes = unit->size_bytes;
  const RawField* tophash = FindField(*fields, "topbits");
  const RawField* control = FindField(*fields, "ctrl");
  const RawField* first = tophash != nullptr ? tophash : control;
  if (first == nullptr || first->type.size_bytes != kSlotsPerUnit) {
    return std::nullopt;
  }
  layout.kind = tophash != nullptr ? MapLayout::Kind::kClassic : MapLayout::Kind::kSwiss;
  layout.control_off = first->offset;
  if (tophash != nullptr) {
    const RawField* overflow = FindField(*fields, "overflow");
    if (overflow == nullptr || overflow->type.size_bytes != 8) {
      return std::nullopt;
    }
    layout.overflow_off = overflow->offset;
  }

  if (const RawField* slots = FindField(*fields, "slots"); slots != nullptr && control != nullptr) {
    // One array of {key, elem}.
    const std::optional<TypeHeader> slot = SlotType(reader, slots->type);
    const auto parts = slot.has_value() ? reader.Fields(*slot) : std::nullopt;
    const RawField* key = parts.has_value() ? FindField(*parts, "key") : nullptr;
    const RawField* elem = parts.has_value() ? FindField(*parts, "elem") : nullptr;
    if (key == nullptr || elem == nullptr || !FillIndirection(reader, map, key->type, elem->type, layout)) {
      return std::nullopt;
    }
    layout.key_off = slots->offset + key->offset;
    layout.elem_off = slots->offset + elem->offset;
    layout.key_stride = layout.elem_stride = slot->size_bytes;
    return layout;
  }

  // An array of keys, then one of elements.
  const RawField* keys = FindField(*fields, "keys");
  const RawField* elems = FindField(*fields, "elems");
  const auto key = keys != nullptr ? SlotType(reader, keys->type) : std::nullopt;
  const auto elem = elems != nullptr ? SlotType(reader, elems->type) : std::nullopt;
  if (!key.has_value() || !elem.has_value() || !FillIndirection(reader, map, *key, *elem, layout)) {
    return std::nullopt;
  }
  layout.key_off = keys->offset;
  layout.elem_off = elems->offset;
  layout.key_stride = key->size_bytes;
  layout.elem_stride = elem->size_bytes;
  return layout;
}

}  // namespace nodespan::goinspect
