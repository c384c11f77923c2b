// SPDX-License-Identifier: Apache-2.0
// Cuts seeds for fuzzing out of real Go executables: one file for each of them and each part of it, small enough to be
// changed all over, and laid out as the fuzz target of that part wants it.
//
//   real_seeds PART EXECUTABLE... FOLDER
//
// PART is "whole" (but for most of the code), "data" (around the build info), "tables" (some functions with their names
// and records, as a table of their own), "types" (all descriptors), "module" (both and moduledata), "names" (patterns
// with names of functions) or "code" (some functions). Addresses in what is moved are changed to where it is moved to.
// tests/fuzz/real_corpus.py runs this.
#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/status_macros.h"
#include "elf/elf_builder.h"
#include "elf/image.h"
#include "elf/little_endian.h"
#include "goinspect/build_info.h"
#include "goinspect/moduledata.h"
#include "goinspect/pclntab.h"
#include "goinspect/type_region.h"

namespace nodespan::goinspect {
namespace {

using base::MakeStatus;
using elf::Load;
using elf::testing::Append;
using elf::testing::AppendText;
using elf::testing::Put;
using Bytes = std::vector<uint8_t>;
using Pieces = std::vector<Bytes>;

// Where the fuzz targets put the segment with the tables; a word of it comes before them.
constexpr uint64_t kTablesVaddr = 0x500000;
constexpr uint64_t kTablesOff = 8;
// Of the functions, from the start and from the end of the table, where `main` is.
constexpr uint64_t kFunctionsOfEachEnd = 24;
constexpr uint64_t kMaxRecordBytes = 128;
constexpr uint64_t kMaxCodeBytes = 2048;

struct Source {
  Bytes file;
  std::unique_ptr<elf::Image> image;
  Moduledata module;
  TypeRegion types;
};

absl::StatusOr<std::unique_ptr<Source>> Open(const std::string& path) {
  auto source = std::make_unique<Source>();
  std::ifstream file(path, std::ios::binary);
  source->file.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  NODESPAN_ASSIGN_OR_RETURN(source->image, elf::Image::OpenBytes(source->file));
  NODESPAN_ASSIGN_OR_RETURN(const std::vector<PclntabHeader> headers, FindPclntabHeaders(*source->image));
  NODESPAN_ASSIGN_OR_RETURN(source->module, FindModuledata(*source->image, headers));
  NODESPAN_ASSIGN_OR_RETURN(source->types, FindTypeRegion(*source->image, source->module));
  return source;
}

absl::StatusOr<Bytes> Copy(Source& source, uint64_t vaddr, uint64_t count) {
  const uint8_t* bytes = source.image->View(vaddr, count);
  if (bytes == nullptr) {
    return MakeStatus(absl::StatusCode::kDataLoss, "{} bytes at {:#x} are not in the file", count, vaddr);
  }
  return Bytes(bytes, bytes + count);
}

absl::StatusOr<std::string> NameAt(Source& source, uint64_t off) {
  const FunctionTableRanges& ranges = source.module.functions;
  const uint64_t limit = off < ranges.names_bytes ? ranges.names_bytes - off : 0;
  NODESPAN_ASSIGN_OR_RETURN(const Bytes bytes, Copy(source, ranges.names_vaddr + off, limit));
  return std::string(reinterpret_cast<const char*>(bytes.data()),
                     ::strnlen(reinterpret_cast<const char*>(bytes.data()), limit));
}

// A table of some of the functions. The parts lie behind each other: header, names, three tables that nobody reads,
// functab, records.
struct Table {
  Bytes bytes;
  std::array<uint64_t, 6> part_off{};  // of the names, of the unread ones, of functab and the end
};

absl::StatusOr<Table> CutTable(Source& source) {
  const FunctionTableRanges& ranges = source.module.functions;
  const FunctionTable functions(*source.image, ranges);
  const uint64_t entry_bytes = ranges.entry_bytes();
  std::vector<uint64_t> chosen;
  for (uint64_t i = 0; i < ranges.function_count; ++i) {
    if (i < kFunctionsOfEachEnd || ranges.function_count - i <= kFunctionsOfEachEnd) {
      chosen.push_back(i);
    }
  }
  Bytes names;
  Bytes functab;
  Bytes records;
  const uint64_t functab_bytes = (chosen.size() + 1) * 2 * entry_bytes;
  const auto append_entry = [&](uint64_t index) -> absl::Status {
    NODESPAN_ASSIGN_OR_RETURN(Bytes entry,
                              Copy(source, ranges.functions_vaddr + index * 2 * entry_bytes, 2 * entry_bytes));
    Put<uint32_t>(entry, entry_bytes, static_cast<uint32_t>(functab_bytes + records.size()));
    functab.insert(functab.end(), entry.begin(), entry.end());
    return absl::OkStatus();
  };
  for (const uint64_t index : chosen) {
    const std::optional<uint64_t> begin = functions.RecordVaddr(index);
    const std::optional<uint64_t> next = functions.RecordVaddr(index + 1);
    if (!begin.has_value()) {
      return MakeStatus(absl::StatusCode::kDataLoss, "function {} has no record", index);
    }
    const uint64_t end = ranges.functions_vaddr + ranges.functions_bytes;
    NODESPAN_ASSIGN_OR_RETURN(Bytes record,
                              Copy(source, *begin, std::min(kMaxRecordBytes, next.value_or(end) - *begin)));
    NODESPAN_ASSIGN_OR_RETURN(const std::string name, NameAt(source, Load<uint32_t>(record.data() + entry_bytes)));
    NODESPAN_RETURN_IF_ERROR(append_entry(index));
    Put<uint32_t>(record, entry_bytes, static_cast<uint32_t>(names.size()));
    record.resize((record.size() + 7) / 8 * 8);
    records.insert(records.end(), record.begin(), record.end());
    AppendText(names, name);
    names.push_back(0);
  }
  NODESPAN_RETURN_IF_ERROR(append_entry(ranges.function_count));
  functab.insert(functab.end(), records.begin(), records.end());

  Table table;
  NODESPAN_ASSIGN_OR_RETURN(table.bytes, Copy(source, source.module.pclntab.vaddr, PclntabHeader::kBytes));
  const size_t first_word = ranges.has_absolute_entries ? 2 : 3;  // of the offsets, as in pclntab.cc
  Put<uint64_t>(table.bytes, 8, chosen.size());
  const Bytes unread(8);
  const std::array<const Bytes*, 5> parts = {&names, &unread, &unread, &unread, &functab};
  for (size_t i = 0; i < parts.size(); ++i) {
    table.bytes.resize((table.bytes.size() + 7) / 8 * 8);
    table.part_off[i] = table.bytes.size();
    Put<uint64_t>(table.bytes, 8 + 8 * (first_word + i), table.bytes.size());
    table.bytes.insert(table.bytes.end(), parts[i]->begin(), parts[i]->end());
  }
  table.part_off[parts.size()] = table.bytes.size();
  return table;
}

// All descriptors, for the address `vaddr`.
absl::StatusOr<Bytes> CutTypes(Source& source, uint64_t vaddr) {
  const uint64_t begin = source.types.begin_vaddr;
  NODESPAN_ASSIGN_OR_RETURN(Bytes types, Copy(source, begin, source.types.end_vaddr - begin));
  for (size_t off = 0; off + 8 <= types.size(); off += 8) {
    if (const auto word = Load<uint64_t>(types.data() + off); word - begin < types.size()) {
      Put<uint64_t>(types, off, word - begin + vaddr);
    }
  }
  return types;
}

// Table and types as one segment for kTablesVaddr, then moduledata with its pointers to them.
absl::StatusOr<Bytes> CutModule(Source& source) {
  NODESPAN_ASSIGN_OR_RETURN(const Table table, CutTable(source));
  Bytes segment(kTablesOff);
  segment.insert(segment.end(), table.bytes.begin(), table.bytes.end());
  segment.resize((segment.size() + 63) / 64 * 64);
  const uint64_t types_vaddr = kTablesVaddr + segment.size();
  NODESPAN_ASSIGN_OR_RETURN(const Bytes types, CutTypes(source, types_vaddr));
  segment.insert(segment.end(), types.begin(), types.end());
  segment.resize((segment.size() + 7) / 8 * 8 + 8);

  auto words = source.module.words;
  const uint64_t types_begin = source.types.begin_vaddr;
  for (uint64_t& word : words) {
    if (word - types_begin <= types.size()) {
      word = word - types_begin + types_vaddr;
    }
  }
  const uint64_t table_vaddr = kTablesVaddr + kTablesOff;
  words[0] = table_vaddr;
  for (size_t i = 0; i < 5; ++i) {  // slices: address, length, capacity
    words[1 + 3 * i] = table_vaddr + table.part_off[i];
    words[2 + 3 * i] = words[3 + 3 * i] = table.part_off[i + 1] - table.part_off[i];
  }
  words[16] = words[13];
  words[17] = words[18] = Load<uint64_t>(table.bytes.data() + 8) + 1;

  Bytes result;
  Append<uint32_t>(result, static_cast<uint32_t>(segment.size() - 8));  // see moduledata_fuzz.cc
  Append<uint32_t>(result, source.image->headers().is_shared_object ? 1 : 0);
  result.insert(result.end(), segment.begin(), segment.end());
  for (const uint64_t word : words) {
    Append(result, word);
  }
  return result;
}

absl::StatusOr<Bytes> CutTypesWithPrefix(Source& source) {
  Bytes result;
  Append<uint64_t>(result, 8);  // where the types begin, see type_graph_fuzz.cc
  NODESPAN_ASSIGN_OR_RETURN(const Bytes types, CutTypes(source, kTablesVaddr + 8));
  result.insert(result.end(), types.begin(), types.end());
  return result;
}

// The executable with only the first pages of its code: libFuzzer takes no more than 1 MiB.
Bytes CutWhole(const Source& source) {
  constexpr uint64_t kPageBytes = 4096;
  constexpr uint64_t kKeptBytes = 16 * kPageBytes;
  Bytes file = source.file;
  Elf64_Ehdr header;
  std::memcpy(&header, file.data(), sizeof(header));
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  std::memcpy(segments.data(), file.data() + header.e_phoff, segments.size() * sizeof(Elf64_Phdr));
  for (Elf64_Phdr& code : segments) {
    if (code.p_type != PT_LOAD || (code.p_flags & PF_X) == 0 || code.p_filesz < kKeptBytes) {
      continue;
    }
    const uint64_t removed_bytes = (code.p_filesz - kKeptBytes) / kPageBytes * kPageBytes;
    const auto begin = file.begin() + static_cast<std::ptrdiff_t>(code.p_offset + kKeptBytes);
    file.erase(begin, begin + static_cast<std::ptrdiff_t>(removed_bytes));
    code.p_filesz -= removed_bytes;
    for (Elf64_Phdr& segment : segments) {
      segment.p_offset -= segment.p_offset >= code.p_offset + kKeptBytes + removed_bytes ? removed_bytes : 0;
    }
    header.e_shoff -= header.e_shoff >= code.p_offset + kKeptBytes + removed_bytes ? removed_bytes : 0;
  }
  std::memcpy(file.data(), &header, sizeof(header));
  std::memcpy(file.data() + header.e_phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr));
  return file;
}

absl::StatusOr<Bytes> CutData(Source& source) {
  constexpr uint64_t kBefore = 64;
  constexpr uint64_t kCount = 4096;
  for (const elf::Segment& segment : source.image->loads()) {
    const uint8_t* bytes = segment.writable ? source.image->View(segment.vaddr, segment.file_bytes) : nullptr;
    const auto off = bytes != nullptr ? FindBuildInfoMagic({bytes, segment.file_bytes}) : std::nullopt;
    if (off.has_value()) {
      const uint64_t begin = *off - std::min(*off, kBefore);
      return Bytes(bytes + begin, bytes + std::min(begin + kCount, segment.file_bytes));
    }
  }
  return MakeStatus(absl::StatusCode::kNotFound, "no build info");
}

// One input for each pattern.
absl::StatusOr<Pieces> CutNames(Source& source) {
  NODESPAN_ASSIGN_OR_RETURN(const Table table, CutTable(source));
  std::string names(reinterpret_cast<const char*>(table.bytes.data()) + table.part_off[0],
                    table.part_off[1] - table.part_off[0]);
  std::replace(names.begin(), names.end(), '\0', '\n');
  Pieces pieces;
  for (const std::string_view pattern :
       {"main.main", "main.last[...]", "main.(*response).write", "example.com/router{/vN}.(*Router).ServeHTTP",
        "gopkg.in/yaml{.vN}.Unmarshal"}) {
    AppendText(pieces.emplace_back(), pattern);
    AppendText(pieces.back(), "\n");
    AppendText(pieces.back(), names);
  }
  return pieces;
}

// Functions of `main`, and of the runtime as different as these.
absl::StatusOr<Pieces> CutCode(Source& source) {
  constexpr std::array<std::string_view, 8> kNames = {"main.main",        "main.serve",       "main.(*response).write",
                                                      "runtime.mallocgc", "runtime.newproc1", "runtime.casgstatus",
                                                      "runtime.memmove",  "runtime.goexit1"};
  FunctionTable table(*source.image, source.module.functions);
  Pieces pieces;
  for (const auto& function : table.Find(kNames)) {
    if (function.has_value()) {
      NODESPAN_ASSIGN_OR_RETURN(Bytes code,
                                Copy(source, function->vaddr, std::min(function->size_bytes, kMaxCodeBytes)));
      pieces.push_back(std::move(code));
    }
  }
  return pieces;
}

absl::StatusOr<Pieces> Cut(Source& source, std::string_view part) {
  const auto one = [](absl::StatusOr<Bytes> bytes) -> absl::StatusOr<Pieces> {
    NODESPAN_RETURN_IF_ERROR(bytes.status());
    return Pieces{*std::move(bytes)};
  };
  if (part == "whole") {
    return Pieces{CutWhole(source)};
  }
  if (part == "data") {
    return one(CutData(source));
  }
  if (part == "tables") {
    NODESPAN_ASSIGN_OR_RETURN(Table table, CutTable(source));
    return Pieces{std::move(table.bytes)};
  }
  if (part == "types") {
    return one(CutTypesWithPrefix(source));
  }
  if (part == "module") {
    return one(CutModule(source));
  }
  if (part == "names") {
    return CutNames(source);
  }
  if (part == "code") {
    return CutCode(source);
  }
  return MakeStatus(absl::StatusCode::kInvalidArgument, "there is no part {}", part);
}

absl::Status Write(std::string_view part, const std::string& path, const std::filesystem::path& folder) {
  NODESPAN_ASSIGN_OR_RETURN(const std::unique_ptr<Source> source, Open(path));
  NODESPAN_ASSIGN_OR_RETURN(const Pieces pieces, Cut(*source, part));
  if (pieces.empty()) {
    return MakeStatus(absl::StatusCode::kNotFound, "nothing to cut");
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    // Executables of one name lie in folders that tell them apart.
    const std::string name = std::filesystem::path(path).parent_path().filename();
    std::ofstream out(folder / (name + "-" + std::to_string(i)), std::ios::binary);
    out.write(reinterpret_cast<const char*>(pieces[i].data()), static_cast<std::streamsize>(pieces[i].size()));
    if (!out) {
      return MakeStatus(absl::StatusCode::kUnavailable, "cannot write to {}", folder.string());
    }
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace nodespan::goinspect

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: real_seeds whole|data|tables|types|module|names|code EXECUTABLE... FOLDER\n";
    return 2;
  }
  for (int i = 2; i < argc - 1; ++i) {
    if (const absl::Status status = nodespan::goinspect::Write(argv[1], argv[i], argv[argc - 1]); !status.ok()) {
      std::cerr << "real_seeds: " << argv[i] << ": " << nodespan::base::Message(status) << "\n";
      return 1;
    }
  }
  return 0;
}
