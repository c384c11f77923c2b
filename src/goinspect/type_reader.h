// SPDX-License-Identifier: Apache-2.0
// TypeReader decodes and validates runtime type descriptors inside one region of an executable.
//
// Nothing is believed: a header is only handed out when every part of it is plausible, because the index tries every
// 8-byte slot of the region. What is looked at one by one stays in memory (see Image); Scan() and ForEachName() go over
// the whole region in its order and keep nothing. Sources: Go's internal/abi/type.go (Type, StructType, MapType, Name,
// UncommonType); the first 48 bytes have been the same from Go 1.18 to 1.27; offsets measured per release. Thread: one
// at a time. Lifetime: must not outlive the Image; string views live as long as it. Limits: the bytes of names decoded
// since StartOperation() are bounded, so that one question about a hostile file takes bounded time; beyond that every
// name is refused and exhausted() is true.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "elf/image.h"
#include "goinspect/go_binary.h"

namespace nodespan::goinspect {

struct TypeHeader {
  uint64_t vaddr = 0;
  uint64_t size_bytes = 0;
  uint32_t hash = 0;
  uint32_t name_off = 0;     // from the region's start
  uint32_t pointer_off = 0;  // from the region's start to the descriptor of *T (ptrToThis); 0 unknown
  uint8_t flags = 0;         // tflag
  Kind kind = Kind::kInvalid;
  std::string_view name;  // as reflect prints it: "*http.Request", "map[string]int"

  // The name in the file has a star too many in front.
  bool has_extra_star() const { return (flags & 2) != 0; }
  bool has_uncommon() const { return (flags & 1) != 0; }
  bool is_named() const { return (flags & 4) != 0; }
};

struct RawField {
  std::string_view name;
  TypeHeader type;
  uint64_t offset = 0;
};

class TypeReader {
 public:
  // The region is [types, etypes) of moduledata, or a guess at it.
  TypeReader(elf::Image& image, uint64_t begin_vaddr, uint64_t end_vaddr)
      : image_(image), begin_vaddr_(begin_vaddr), end_vaddr_(end_vaddr) {}

  uint64_t begin_vaddr() const { return begin_vaddr_; }
  uint64_t end_vaddr() const { return end_vaddr_; }
  bool Contains(uint64_t vaddr) const { return vaddr - begin_vaddr_ < end_vaddr_ - begin_vaddr_; }
  void StartOperation(uint64_t name_bytes = kMaxNameBytesPerOperation) { name_bytes_left_ = name_bytes; }
  uint64_t name_bytes_left() const { return name_bytes_left_; }
  bool exhausted() const { return name_bytes_left_ == 0; }
  // Gives memory of the region back when more than kMaxKeptBytes of the file are held. Voids all views, names included.
  void Trim();

  // The descriptor at the address, if there can be one.
  std::optional<TypeHeader> Header(uint64_t vaddr);

  // The first word behind the header: Elem of a pointer, slice, array or channel, Key of a map.
  std::optional<uint64_t> FirstTailWord(const TypeHeader& type) { return WordAt(type, kHeaderBytes); }
  std::optional<uint64_t> WordAt(const TypeHeader& type, uint64_t offset) { return Word(type.vaddr + offset); }

  // pkgPath + "." + name of a named type, or just the name of a predeclared one ("error").
  std::optional<std::string> QualifiedName(const TypeHeader& type);
  // The same in two parts.
  struct NameParts {
    std::string_view package_path;
    std::string_view name;
  };
  std::optional<NameParts> SplitName(const TypeHeader& type);

  // Of any type: the qualified name, with a "*" in front for a pointer to such a type; as reflect prints it when it has
  // no name.
  std::optional<std::string> FullName(const TypeHeader& type);

  // The code of a method of the type, from the beginning of the text; nullopt when it has none of that name, or the
  // linker has left it out. Not of map types.
  std::optional<uint32_t> MethodTextOff(const TypeHeader& type, std::string_view method);

  // Where the fields of a struct are listed.
  struct Range {
    uint64_t vaddr;
    uint64_t bytes;
  };
  std::optional<Range> FieldTable(const TypeHeader& structure);

  // All fields in order; nullopt when the descriptor contradicts itself.
  std::optional<std::vector<RawField>> Fields(const TypeHeader& structure);

  // Map descriptors are the only ones whose size has changed (88, 112, 136 bytes so far). The size in use is found by
  // voting (see type_index.h) and is needed to name map types.
  void set_map_descriptor_bytes(uint64_t bytes) { map_descriptor_bytes_ = bytes; }
  // Up to Go 1.18 a field's offset was shifted left by one bit, with "embedded" in bit 0. Found by voting as well.
  void set_field_offset_shift(int bits) { field_offset_shift_ = bits; }
  // Is there a credible uncommon part right behind a map descriptor of that size?
  bool MapDescriptorCanHave(const TypeHeader& map, uint64_t bytes);

  // Where the package path of a named type lies, from the region's start; 0 for a predeclared type, nullopt when the
  // descriptor has no credible one. The second form takes the descriptor's bytes, of which kMaxDescriptorBytes, or all
  // up to the end of the region, are there.
  std::optional<uint32_t> PackagePathOff(const TypeHeader& type);
  std::optional<uint32_t> PackagePathOff(const TypeHeader& type, std::span<const uint8_t> descriptor) const;

  // Calls `visit` with each descriptor that begins in [begin, end), found by trying every 8-byte slot. False when the
  // bytes cannot be read or the limit on names is reached.
  bool ForEach(uint64_t begin_vaddr, uint64_t end_vaddr, absl::FunctionRef<void(const TypeHeader&)> visit);

  // Calls `visit` with everything in the region that is a descriptor by all but its name, which is not read: `name` is
  // empty. `descriptor` are its bytes, see PackagePathOff(). False when the bytes cannot be read.
  bool Scan(absl::FunctionRef<void(const TypeHeader& type, std::span<const uint8_t> descriptor)> visit);

  // Calls `visit` with the index and the text of the names at the given ascending offsets from the region's start;
  // those that are none are left out. False when the bytes cannot be read or the limit on names is reached.
  bool ForEachName(std::span<const uint32_t> offs, absl::FunctionRef<void(size_t index, std::string_view name)> visit);

  // The part of a type's name behind the package: "Request" of "http.Request", "Pointer[net/http.response]" of
  // "atomic.Pointer[net/http.response]".
  static std::string_view WithoutPackage(std::string_view name);

  static constexpr uint64_t kMaxKeptBytes = uint64_t{3} << 20;
  static constexpr uint64_t kHeaderBytes = 48;
  static constexpr uint64_t kMaxDescriptorBytes = 96;  // with the uncommon part, of all kinds but maps
  static constexpr uint64_t kMaxNameBytesPerOperation = uint64_t{32} << 20;  // a program of 100 MB has about 10 MB

 private:
  const uint8_t* View(uint64_t vaddr, uint64_t count);
  std::optional<TypeHeader> HeaderWithoutName(uint64_t vaddr, const uint8_t* bytes) const;
  std::optional<uint64_t> Word(uint64_t vaddr);
  std::optional<std::string_view> NameAt(uint64_t vaddr);
  bool CanAfford(std::string_view name);
  std::optional<uint64_t> UncommonOff(const TypeHeader& type) const;
  std::optional<uint32_t> PackagePathOffIn(const uint8_t* uncommon) const;
  std::optional<std::string_view> PackagePath(uint64_t uncommon_vaddr);

  elf::Image& image_;
  uint64_t begin_vaddr_;
  uint64_t end_vaddr_;
  uint64_t map_descriptor_bytes_ = 0;  // 0: not known yet
  int field_offset_shift_ = 0;
  uint64_t name_bytes_left_ = kMaxNameBytesPerOperation;
};

}  // namespace nodespan::goinspect
