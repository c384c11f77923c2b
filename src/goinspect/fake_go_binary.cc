// SPDX-License-Identifier: Apache-2.0
#include "goinspect/fake_go_binary.h"

#include <elf.h>

#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "elf/elf_builder.h"
#include "goinspect/go_binary.h"

namespace nodespan::goinspect::testing {
namespace {

using elf::testing::Append;
using elf::testing::AppendText;
using elf::testing::ElfBuilder;
using elf::testing::Put;

constexpr uint64_t kTextVaddr = 0x401000;
constexpr uint64_t kReadOnlyVaddr = 0x500000;
constexpr uint64_t kDataVaddr = 0x9000000;
constexpr uint64_t kRelocationsVaddr = 0xa000000;
constexpr uint64_t kBssBytes = 4096;

// Bytes at an address that may contain pointers, which a position-independent file keeps elsewhere.
class Section {
 public:
  Section(uint64_t vaddr, bool pie) : vaddr_(vaddr), pie_(pie) {}

  uint64_t end_vaddr() const { return vaddr_ + bytes_.size(); }
  void Align(size_t alignment) { bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment); }
  std::vector<uint8_t>& bytes() { return bytes_; }

  template <typename T>
  void PutAt(uint64_t vaddr, T value) {
    Put<T>(bytes_, vaddr - vaddr_, value);
  }
  void PutPointerAt(uint64_t vaddr, uint64_t target) {
    PutAt<uint64_t>(vaddr, pie_ ? 0 : target);
    if (pie_ && target != 0) {
      relocations_.emplace_back(vaddr, target);
    }
  }
  const std::vector<std::pair<uint64_t, uint64_t>>& relocations() const { return relocations_; }

 private:
  uint64_t vaddr_;
  bool pie_;
  std::vector<uint8_t> bytes_;
  std::vector<std::pair<uint64_t, uint64_t>> relocations_;
};

struct FieldSpec {
  std::string_view name;
  uint64_t type_vaddr;
  uint64_t offset;
};

// Writes type descriptors; layout as in internal/abi/type.go.
class TypeWriter {
 public:
  TypeWriter(Section& out, int field_offset_shift) : out_(out), field_offset_shift_(field_offset_shift) {
    out_.Align(16);
    begin_ = out_.end_vaddr();
    Append<uint64_t>(out_.bytes(), 0);  // no name and no type has offset 0
  }

  uint64_t begin_vaddr() const { return begin_; }

  uint64_t Basic(Kind kind, std::string_view name, uint64_t size) {
    const uint64_t type = Begin(kind, name, size, /*named=*/true, 48);
    PutUncommon(type + 48, "");
    return type;
  }

  uint64_t Pointer(uint64_t target) {
    const uint64_t type = Begin(Kind::kPointer, "*" + names_[target], 8, false, 56);
    out_.PutPointerAt(type + 48, target);
    out_.PutAt<uint32_t>(target + 44, static_cast<uint32_t>(type - begin_));
    return type;
  }

  uint64_t Slice(uint64_t element) {
    const uint64_t type = Begin(Kind::kSlice, "[]" + names_[element], 24, false, 56);
    out_.PutPointerAt(type + 48, element);
    return type;
  }

  uint64_t Array8(uint64_t element) {
    const uint64_t type = Begin(Kind::kArray, "[8]" + names_[element], 8 * sizes_[element], false, 72);
    out_.PutPointerAt(type + 48, element);
    out_.PutAt<uint64_t>(type + 64, 8);
    return type;
  }

  uint64_t Interface(std::string_view package, std::string_view name) {
    const uint64_t type = Begin(Kind::kInterface, name, 16, true, 80);
    PutUncommon(type + 80, package);
    return type;
  }

  // Unnamed when there is no package.
  uint64_t Struct(std::string_view package, std::string_view name, const std::vector<FieldSpec>& fields) {
    std::vector<uint64_t> names;
    names.reserve(fields.size());
    for (const FieldSpec& field : fields) {
      names.push_back(begin_ + Name(field.name));
    }
    const uint64_t size = fields.empty() ? 0 : (fields.back().offset + sizes_[fields.back().type_vaddr] + 7) / 8 * 8;
    const uint64_t type = Begin(Kind::kStruct, name, size, !package.empty(), 80);
    if (!package.empty()) {
      PutUncommon(type + 80, package);
    }
    out_.Align(8);
    const uint64_t table = out_.end_vaddr();
    for (size_t i = 0; i < fields.size(); ++i) {
      out_.PutPointerAt(table + 24 * i, names[i]);
      out_.PutPointerAt(table + 24 * i + 8, fields[i].type_vaddr);
      out_.PutAt<uint64_t>(table + 24 * i + 16, fields[i].offset << field_offset_shift_);
    }
    out_.PutPointerAt(type + 56, fields.empty() ? 0 : table);
    out_.PutAt<uint64_t>(type + 64, fields.size());
    out_.PutAt<uint64_t>(type + 72, fields.size());
    return type;
  }

  uint64_t Map(std::string_view package, std::string_view name, uint64_t key, uint64_t element, uint64_t unit,
               uint64_t descriptor_bytes) {
    const uint32_t short_name = Name("C");
    const uint64_t type = Begin(Kind::kMap, name, 8, true, descriptor_bytes);
    out_.PutPointerAt(type + 48, key);
    out_.PutPointerAt(type + 56, element);
    out_.PutPointerAt(type + 64, unit);
    if (descriptor_bytes == 112) {
      // SlotSize and ElemOff as they can be in a real program: they look like the uncommon part of package "C".
      out_.PutAt<uint64_t>(type + 88, short_name);
      out_.PutAt<uint64_t>(type + 96, 16);
    }
    PutUncommon(type + descriptor_bytes, package);
    return type;
  }

  uint32_t HashOf(uint64_t type) const { return static_cast<uint32_t>(type * 2654435761U); }

 private:
  uint32_t Name(std::string_view text) {
    const auto [it, is_new] = name_offsets_.try_emplace(std::string(text), 0);
    if (is_new) {
      it->second = static_cast<uint32_t>(out_.end_vaddr() - begin_);
      out_.bytes().push_back(1);  // exported
      for (size_t length = text.size();; length >>= 7) {
        out_.bytes().push_back(static_cast<uint8_t>((length & 0x7f) | (length > 0x7f ? 0x80 : 0)));
        if (length <= 0x7f) {
          break;
        }
      }
      AppendText(out_.bytes(), text);
    }
    return it->second;
  }

  uint64_t Begin(Kind kind, std::string_view name, uint64_t size, bool named, uint64_t descriptor_bytes) {
    const uint32_t name_off = Name("*" + std::string(name));  // with the extra star, as the compiler shares names
    out_.Align(8);
    const uint64_t type = out_.end_vaddr();
    out_.bytes().resize(out_.bytes().size() + descriptor_bytes);
    out_.PutAt<uint64_t>(type, size);
    out_.PutAt<uint32_t>(type + 16, HashOf(type));
    const uint8_t align = size % 8 == 0 ? 8 : 1;
    out_.PutAt<uint32_t>(type + 20, static_cast<uint32_t>((named ? 7 : 2) | align << 8 | align << 16) |
                                        static_cast<uint32_t>(kind) << 24);
    out_.PutAt<uint32_t>(type + 40, name_off);
    names_[type] = name;
    sizes_[type] = size;
    return type;
  }

  void PutUncommon(uint64_t vaddr, std::string_view package) {
    out_.PutAt<uint32_t>(vaddr, 0);
    out_.PutAt<uint32_t>(vaddr + 4, 0);
    out_.PutAt<uint32_t>(vaddr + 8, 16);
    out_.PutAt<uint32_t>(vaddr + 12, 0);
    if (!package.empty()) {
      out_.PutAt<uint32_t>(vaddr, Name(package));
    }
  }

  Section& out_;
  int field_offset_shift_;
  uint64_t begin_;
  std::map<std::string, uint32_t> name_offsets_;
  std::map<uint64_t, std::string> names_;
  std::map<uint64_t, uint64_t> sizes_;
};

struct Pclntab {
  uint64_t vaddr = 0;
  std::array<uint64_t, 5> table_off{};  // names, cu, files, pc values, functions
  uint64_t names_bytes = 0;
  uint64_t units_count = 0;
  uint64_t files_bytes = 0;
  uint64_t pc_values_bytes = 0;
  uint64_t functions_bytes = 0;
  uint64_t function_count = 0;
};

// Every function comes from the second file of its unit, and its second half from line 12.
struct SourceBytes {
  std::vector<uint8_t> units, files, pc_values;
  uint32_t pc_files_off = 0, pc_lines_off = 0;
};

SourceBytes WriteSources(bool arm64) {
  SourceBytes result;
  for (const std::string_view file : {std::string_view("unused.go"), FakeGoBinary::kFileName}) {
    Append<uint32_t>(result.units, static_cast<uint32_t>(result.files.size()));
    AppendText(result.files, file);
    result.files.push_back(0);
  }
  const auto units = [arm64](uint64_t bytes) { return static_cast<uint8_t>(arm64 ? bytes / 4 : bytes); };
  result.pc_values.push_back(0);  // no table begins at offset 0
  result.pc_files_off = static_cast<uint32_t>(result.pc_values.size());
  // From -1 to 1, for all of the longest function.
  result.pc_values.insert(result.pc_values.end(), {4, units(2 * FakeGoBinary::kFunctionBytes), 0});
  result.pc_lines_off = static_cast<uint32_t>(result.pc_values.size());
  // From -1 to 10, and to 12.
  result.pc_values.insert(result.pc_values.end(),
                          {22, units(FakeGoBinary::kFunctionBytes / 2), 4, units(2 * FakeGoBinary::kFunctionBytes), 0});
  return result;
}

// With options.absolute_entries as up to Go 1.17: addresses of eight bytes instead of offsets of four, no textStart.
Pclntab WritePclntab(Section& out, const FakeOptions& options) {
  Pclntab result{.vaddr = out.end_vaddr()};
  std::vector<uint8_t> names;
  std::vector<uint32_t> name_offsets;
  std::map<std::string_view, uint32_t> known;
  for (const std::string_view name : FakeGoBinary::kFunctionNames) {
    const auto [it, is_new] = known.try_emplace(name, static_cast<uint32_t>(names.size()));
    if (is_new) {
      AppendText(names, name);
      names.push_back(0);
    }
    name_offsets.push_back(it->second);
  }
  result.function_count = name_offsets.size();
  constexpr uint64_t kFuncBytes = 48;
  const uint64_t entry_bytes = options.absolute_entries ? 8 : 4;
  const SourceBytes sources = WriteSources(options.arm64);
  const uint64_t functab_bytes = (name_offsets.size() + 1) * 2 * entry_bytes;
  std::vector<uint8_t> functions(functab_bytes + name_offsets.size() * kFuncBytes);
  std::vector<std::pair<uint64_t, uint64_t>> addresses;  // offset in `functions`, target
  const auto put_entry = [&](uint64_t off, uint64_t entry_off) {
    if (options.absolute_entries) {
      addresses.emplace_back(off, kTextVaddr + entry_off);
    } else {
      Put<uint32_t>(functions, off, static_cast<uint32_t>(entry_off));
    }
  };
  uint64_t entry_off = 0;
  for (size_t i = 0; i <= name_offsets.size(); ++i) {
    const uint64_t func_off = functab_bytes + i * kFuncBytes;
    put_entry(2 * i * entry_bytes, entry_off);
    Put<uint32_t>(functions, (2 * i + 1) * entry_bytes, static_cast<uint32_t>(func_off));
    if (i < name_offsets.size()) {
      put_entry(func_off, entry_off);
      Put<uint32_t>(functions, func_off + entry_bytes, name_offsets[i]);
      Put<uint32_t>(functions, func_off + entry_bytes + 16, sources.pc_files_off);
      Put<uint32_t>(functions, func_off + entry_bytes + 20, sources.pc_lines_off);
      if (options.pclntab_magic == 0xfffffff1) {
        Put<uint32_t>(functions, func_off + entry_bytes + 32, FakeGoBinary::kStartLine);
      }
    }
    const bool is_last = i + 1 == name_offsets.size();
    entry_off += FakeGoBinary::kFunctionBytes * (is_last ? 2 : 1);
  }
  result.names_bytes = names.size();
  result.units_count = sources.units.size() / 4;
  result.files_bytes = sources.files.size();
  result.pc_values_bytes = sources.pc_values.size();
  result.functions_bytes = functions.size();

  std::vector<uint8_t>& bytes = out.bytes();
  const size_t begin = bytes.size();
  bytes.resize(begin + 72);
  const std::array<std::vector<uint8_t>, 5> tables = {names, sources.units, sources.files, sources.pc_values,
                                                      functions};
  const size_t first_word_off = options.absolute_entries ? 24 : 32;
  for (size_t i = 0; i < tables.size(); ++i) {
    out.Align(8);
    result.table_off[i] = bytes.size() - begin;
    bytes.insert(bytes.end(), tables[i].begin(), tables[i].end());
    Put<uint64_t>(bytes, begin + first_word_off + 8 * i, result.table_off[i]);
  }
  for (const auto& [off, target] : addresses) {
    out.PutPointerAt(result.vaddr + result.table_off.back() + off, target);
  }
  Put<uint32_t>(bytes, begin, options.pclntab_magic);
  Put<uint8_t>(bytes, begin + 6, options.arm64 ? 4 : 1);
  Put<uint8_t>(bytes, begin + 7, 8);
  Put<uint64_t>(bytes, begin + 8, result.function_count);
  return result;
}

void WriteBuildInfo(std::vector<uint8_t>& bytes, const FakeOptions& options) {
  AppendText(bytes, "\xff Go buildinf:");
  bytes.push_back(8);
  bytes.push_back(2);
  bytes.resize(bytes.size() + 16);
  bytes.push_back(static_cast<uint8_t>(options.go_version.size()));
  AppendText(bytes, options.go_version);
  const std::string module = std::string(16, 'S') + options.module_text + std::string(16, 'E');
  bytes.push_back(static_cast<uint8_t>(module.size() & 0x7f) | 0x80);
  bytes.push_back(static_cast<uint8_t>(module.size() >> 7));
  AppendText(bytes, module);
}

// The unit in which the map type stores entries, by its field names.
uint64_t WriteMapUnit(TypeWriter& types, FakeOptions::Maps maps, uint64_t key, uint64_t element, uint64_t word,
                      uint64_t byte) {
  switch (maps) {
    case FakeOptions::Maps::kClassic:
      return types.Struct("", "map.bucket",
                          {{"topbits", types.Array8(byte), 0},
                           {"keys", types.Array8(key), 8},
                           {"elems", types.Array8(element), 136},
                           {"overflow", word, 328}});
    case FakeOptions::Maps::kSplit:
      return types.Struct("", "map.group",
                          {{"ctrl", word, 0}, {"keys", types.Array8(key), 8}, {"elems", types.Array8(element), 136}});
    case FakeOptions::Maps::kSwiss: {
      const uint64_t slot =
          types.Struct("", "struct { key string; elem []string }", {{"key", key, 0}, {"elem", element, 16}});
      return types.Struct("", "map.group", {{"ctrl", word, 0}, {"slots", types.Array8(slot), 8}});
    }
  }
  return 0;
}

std::vector<uint8_t> GoNote() {
  std::vector<uint8_t> note;
  const std::string_view id = "fake/build/id";
  Append<uint32_t>(note, 4);
  Append<uint32_t>(note, static_cast<uint32_t>(id.size()));
  Append<uint32_t>(note, 4);
  AppendText(note, std::string_view("Go\0\0", 4));
  AppendText(note, id);
  return note;
}

}  // namespace

size_t FakeGoBinary::FileOffset(uint64_t vaddr) const {
  Elf64_Ehdr header;
  std::memcpy(&header, file.data(), sizeof(header));
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, file.data() + ElfBuilder::HeaderOffset(i), sizeof(segment));
    if (segment.p_type == PT_LOAD && vaddr - segment.p_vaddr < segment.p_filesz) {
      return vaddr - segment.p_vaddr + segment.p_offset;
    }
  }
  return file.size();
}

FakeGoBinary MakeFakeGoBinary(const FakeOptions& options) {
  FakeGoBinary result;
  result.text_vaddr = kTextVaddr;
  const std::vector<uint8_t> text((std::size(FakeGoBinary::kFunctionNames) + 1) * FakeGoBinary::kFunctionBytes, 0xcc);

  Section read_only(kReadOnlyVaddr, options.pie);
  Append<uint64_t>(read_only.bytes(), 0);
  const Pclntab pclntab = WritePclntab(read_only, options);
  result.pclntab_vaddr = pclntab.vaddr;

  TypeWriter types(read_only, options.field_offset_shift);
  result.types_vaddr = types.begin_vaddr();
  const uint64_t string = types.Basic(Kind::kString, "string", 16);
  const uint64_t word = types.Basic(Kind::kUintptr, "uintptr", 8);
  const uint64_t integer = types.Basic(Kind::kInt, "int", 8);
  const uint64_t byte = types.Basic(Kind::kUint8, "uint8", 1);
  for (size_t i = 0; i < options.filler_types; ++i) {
    types.Pointer(types.Struct("example.com/fake", "fake.T" + std::to_string(i), {{"Value", integer, 0}}));
  }
  const uint64_t strings = types.Slice(string);
  const uint64_t header =
      types.Map("net/http", "http.Header", string, strings,
                WriteMapUnit(types, options.maps, string, strings, word, byte), options.map_descriptor_bytes);
  const uint64_t url_pointer = types.Pointer(types.Struct("net/url", "url.URL", {{"Path", string, 0}}));
  const uint64_t context = types.Interface("context", "context.Context");
  result.request_vaddr = types.Struct("net/http", "http.Request",
                                      {{"Method", string, 0},
                                       {"URL", url_pointer, 16},
                                       {"Header", header, 24},
                                       {"ContentLength", integer, 32},
                                       {"ctx", context, 40}});
  const uint64_t request_pointer = types.Pointer(result.request_vaddr);
  const uint64_t writer = types.Interface("net/http", "http.ResponseWriter");
  result.response_pointer_vaddr =
      types.Pointer(types.Struct("net/http", "http.response", {{"req", request_pointer, 0}, {"status", integer, 8}}));
  const uint64_t m_pointer = types.Pointer(types.Struct("runtime", "runtime.m", {{"id", integer, 0}}));
  types.Struct("runtime", "runtime.g", {{"m", m_pointer, 0}, {"goid", integer, 8}});
  types.Struct("main", "main.local", {{"A", integer, 0}});
  types.Struct("main", "main.local", {{"B", string, 0}});
  types.Struct("gopkg.in/yaml.v3", "yaml.Pair[net/http.Request,int]", {{"Key", request_pointer, 0}});
  const std::string long_name(60'000, 'x');
  for (size_t i = 0; i < options.long_named_types; ++i) {
    types.Basic(Kind::kInt, options.long_names_differ ? std::to_string(i) + long_name : long_name, 8);
  }
  read_only.Align(8);
  result.etypes_vaddr = read_only.end_vaddr();
  Append<uint64_t>(read_only.bytes(), 0x1122334455667788);

  Section data(kDataVaddr, options.pie);
  if (options.has_build_info) {
    WriteBuildInfo(data.bytes(), options);
  }
  data.Align(32);
  const uint64_t module = data.end_vaddr();
  result.moduledata_vaddr = module;
  data.bytes().resize(data.bytes().size() + size_t{60} * 8);
  const auto put_pointer = [&](size_t index, uint64_t target) { data.PutPointerAt(module + 8 * index, target); };
  const auto put_slice = [&](size_t index, uint64_t target, uint64_t length) {
    put_pointer(index, target);
    data.PutAt<uint64_t>(module + 8 * (index + 1), length);
    data.PutAt<uint64_t>(module + 8 * (index + 2), length);
  };
  put_pointer(0, pclntab.vaddr);
  put_slice(1, pclntab.vaddr + pclntab.table_off[0], pclntab.names_bytes);
  put_slice(4, pclntab.vaddr + pclntab.table_off[1], pclntab.units_count);
  put_slice(7, pclntab.vaddr + pclntab.table_off[2], pclntab.files_bytes);
  put_slice(10, pclntab.vaddr + pclntab.table_off[3], pclntab.pc_values_bytes);
  put_slice(13, pclntab.vaddr + pclntab.table_off[4], pclntab.functions_bytes);
  put_slice(16, pclntab.vaddr + pclntab.table_off[4], pclntab.function_count + 1);
  put_pointer(20, kTextVaddr);
  put_pointer(21, kTextVaddr + text.size());
  put_pointer(22, kTextVaddr);
  put_pointer(23, kTextVaddr + text.size());
  put_pointer(options.types_word, result.types_vaddr);
  put_pointer(options.etypes_word, result.etypes_vaddr);
  // rodata, which has the same value as types in most executables, and gofunc behind it.
  put_pointer(options.etypes_word + 1, result.types_vaddr);
  put_pointer(options.etypes_word + 2, result.etypes_vaddr + 8);
  result.itab_vaddr = data.end_vaddr();
  data.PutPointerAt(result.itab_vaddr, writer);
  data.PutPointerAt(result.itab_vaddr + 8, result.response_pointer_vaddr);
  data.PutAt<uint64_t>(result.itab_vaddr + 16, types.HashOf(result.response_pointer_vaddr));
  data.PutPointerAt(result.itab_vaddr + 24, kTextVaddr);

  ElfBuilder builder(options.arm64 ? EM_AARCH64 : EM_X86_64, options.pie ? ET_DYN : ET_EXEC);
  builder.Add(PT_LOAD, PF_R | PF_X, kTextVaddr, text);
  builder.Add(PT_LOAD, options.pie ? PF_R | PF_W : PF_R, kReadOnlyVaddr, read_only.bytes());
  builder.Add(PT_LOAD, PF_R | PF_W, kDataVaddr, data.bytes(), kBssBytes);
  if (options.has_interpreter) {
    builder.Add(PT_INTERP, PF_R, 0, {'l', 'd', 0});
  }
  if (options.has_build_id) {
    builder.Add(PT_NOTE, PF_R, 0, GoNote());
  }
  if (options.pie) {
    std::vector<uint8_t> table;
    const uint64_t type = options.arm64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;
    for (const Section* section : {&data, &read_only}) {  // not in order of address
      for (const auto& [slot, target] : section->relocations()) {
        Append(table, slot);
        Append(table, type);
        Append(table, target);
      }
    }
    std::vector<uint8_t> dynamic;
    for (const uint64_t value : std::array<uint64_t, 10>{DT_RELA, kRelocationsVaddr, DT_RELASZ, table.size(),
                                                         DT_RELAENT, 24, DT_FLAGS_1, DF_1_PIE, DT_NULL, 0}) {
      Append(dynamic, value);
    }
    builder.Add(PT_LOAD, PF_R, kRelocationsVaddr, table);
    builder.Add(PT_DYNAMIC, PF_R, 0, dynamic);
  }
  result.file = builder.Build();
  return result;
}

}  // namespace nodespan::goinspect::testing
