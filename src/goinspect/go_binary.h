// SPDX-License-Identifier: Apache-2.0
// GoBinary answers questions about one Go executable: where a function is, at which offset a field of a struct lies,
// which itab joins an interface and a type, how a map is laid out.
//
// Everything comes from what the Go linker puts into every executable, stripped or not: build info, pclntab,
// moduledata and runtime type descriptors, found from the program headers alone. No section headers, symbol table,
// DWARF, or table of Go versions is consulted. Sources: Go's runtime/symtab.go (pcHeader, moduledata, _func),
// internal/abi/type.go (descriptors), debug/buildinfo; measured per release in the design notes.
//
// Thread: immutable after Open() apart from an internal lazily built index; use from one thread at a time.
// Bad input: a truncated, hostile or absurd file gives a Status (kDataLoss malformed, kUnimplemented a build that is
// recognised and not supported, kNotFound not a Go executable), in bounded time and memory; never a crash.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "elf/headers.h"

namespace nodespan::goinspect {

enum class Arch { kAmd64, kArm64 };

struct BinaryInfo {
  std::string go_version;    // "go1.26.8", from build info; empty when it is missing
  std::string main_module;   // path of the main module, empty when unknown
  std::string go_build_id;   // of .note.go.buildid, found by PT_NOTE; empty when linked with -buildid=
  std::string gnu_build_id;  // lower-case hex of NT_GNU_BUILD_ID; empty when missing
  Arch arch = Arch::kAmd64;
  bool is_pie = false;            // ET_DYN
  bool is_dynamic = false;        // has PT_INTERP: needs the dynamic loader (cgo or -linkmode=external)
  bool has_symbol_table = false;  // informational only ("stripped")
  // False: arguments are in memory (Go's ABI0): arm64 up to Go 1.17. On amd64, Go 1.16 and 1.17 look the same here; the
  // stack check of the code tells them apart (attach/code_sites.h).
  bool has_register_arguments = true;
  uint64_t file_bytes = 0;
  // All that the loader maps of the file, from its first address as linked on, .bss included.
  uint64_t image_vaddr = 0;
  uint64_t image_bytes = 0;
  uint64_t function_count = 0;
  // Hash over pclntab header and build ids: with file size the content identity of the binary.
  uint64_t content_hash = 0;
};

struct Function {
  std::string name;
  uint64_t vaddr = 0;       // as linked
  uint64_t size_bytes = 0;  // up to the next function: includes padding
  uint64_t file_off = 0;    // of vaddr: what a uprobe takes
};

// A variable in a function's frame whose address is taken and that contains pointers.
struct StackObject {
  int32_t entry_sp_off = 0;  // from the stack pointer at the function's first instruction
  int32_t size_bytes = 0;
};

// What a name of a library stands for in one program.
struct FunctionMatches {
  std::vector<Function> functions;  // one per shape of a generic function, and per copy of the library
  bool is_inlined = false;          // no functions: the code exists only inside of its callers
  // A wrapper made by the compiler around a method of the value: the method is what runs, "pkg.T.M".
  bool is_wrapper = false;
};

// reflect.Kind values, internal/abi/type.go.
enum class Kind : uint8_t {
  kInvalid = 0,
  kBool,
  kInt,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kUintptr,
  kFloat32,
  kFloat64,
  kComplex64,
  kComplex128,
  kArray,
  kChan,
  kFunc,
  kInterface,
  kMap,
  kPointer,
  kSlice,
  kString,
  kStruct,
  kUnsafePointer,
};

struct Field {
  std::string name;
  uint64_t offset = 0;
  Kind kind = Kind::kInvalid;
  // As reflect prints it: "*url.URL", "http.Header", "string". Only the last element of package paths.
  std::string type_name;
  // pkgPath + "." + name of the type, or of the pointed-to type behind one "*"; empty for unnamed types:
  // "net/http.Header", "*net/url.URL".
  std::string qualified_type_name;
  uint64_t size_bytes = 0;
  uint64_t type_vaddr = 0;  // descriptor of the field's type
};

struct StructType {
  std::string qualified_name;  // "net/http.Request"
  uint64_t vaddr = 0;          // of the descriptor
  uint64_t size_bytes = 0;
  std::vector<Field> fields;  // in order of offset; embedded structs are one field and are not flattened
  const Field* FindField(std::string_view name) const;
};

// A concrete type that static code converts to some interface.
struct Implementation {
  uint64_t itab_vaddr = 0;
  uint64_t type_vaddr = 0;  // descriptor of the concrete type
  Kind kind = Kind::kInvalid;
  // "net/http.Header", "*net/http.response"; as reflect prints it for types without a name of their own.
  std::string type_name;
};

// Layout of a map type with 16-byte string keys or any other key; all from its descriptor (internal/abi map types).
struct MapLayout {
  enum class Kind { kClassic, kSwiss };
  Kind kind = Kind::kSwiss;
  uint64_t group_bytes = 0;  // size of a group (Swiss) or bucket (classic)
  uint64_t control_off = 0;  // control word (Swiss) or tophash array (classic), 8 bytes
  uint64_t key_off = 0;
  uint64_t key_stride = 0;
  uint64_t elem_off = 0;
  uint64_t elem_stride = 0;
  uint64_t overflow_off = 0;    // classic only
  bool key_is_pointer = false;  // a large key (over 128 bytes) is stored behind a pointer: the stride is 8
  bool elem_is_pointer = false;
};

// Bytes of the file that every process which runs it has in memory at the same linked address, unless its code was
// changed there.
struct Witness {
  uint64_t vaddr = 0;
  std::string bytes;
  std::string what;  // for messages: "its Go build id"
};

struct SymbolTables;

class GoBinary {
 public:
  // Inspects the file behind `fd` (read with pread only, see elf/file_bytes.h; the descriptor is duplicated, the caller
  // keeps his).
  static absl::StatusOr<std::unique_ptr<GoBinary>> Open(int fd);
  // The same over bytes in memory, which must outlive the object (tests, fuzzing).
  static absl::StatusOr<std::unique_ptr<GoBinary>> OpenBytes(std::span<const uint8_t> bytes);
  ~GoBinary();
  GoBinary(const GoBinary&) = delete;
  GoBinary& operator=(const GoBinary&) = delete;

  const BinaryInfo& info() const;

  // Looks up all `names` ("net/http.serverHandler.ServeHTTP") in one pass over the function table; the result has one
  // entry per name, absent when the function is not in the binary (not linked, or inlined everywhere).
  std::vector<std::optional<Function>> FindFunctions(std::span<const std::string_view> names) const;

  // The same for patterns (names.h) such as "github.com/labstack/echo{/vN}.(*Echo).ServeHTTP", and with the reason when
  // there is nothing to probe. Slower: goes over all names.
  std::vector<FunctionMatches> MatchFunctions(std::span<const std::string_view> patterns) const;

  // The function that contains the linked address, if any.
  std::optional<Function> FunctionAt(uint64_t vaddr) const;

  // The machine code of `function`, valid as long as this object. kDataLoss when it lies outside the file.
  absl::StatusOr<std::span<const uint8_t>> Code(const Function& function) const;

  // What code outside of `function` can change in its frame: the list the compiler wrote for the garbage collector. A
  // pointer or interface that is not in it is private to the function. kUnimplemented on arm64, or when the list cannot
  // be found in this binary; kDataLoss when it is malformed.
  absl::StatusOr<std::vector<StackObject>> StackObjects(const Function& function) const;

  // The struct type by package path and name: "net/http.Request". kNotFound when the binary has no descriptor of it;
  // kFailedPrecondition (here and below) when several types share the name, as types declared inside functions may.
  absl::StatusOr<StructType> FindStruct(std::string_view qualified_name) const;

  // The struct whose descriptor, or that of a pointer to which, is at `type_vaddr`. kNotFound: of another kind.
  absl::StatusOr<StructType> StructAt(uint64_t type_vaddr) const;

  // Descriptor address (as linked) of any named type, or of a pointer to one when the name starts with "*".
  absl::StatusOr<uint64_t> FindType(std::string_view qualified_name) const;

  // Address (as linked) of the itab that joins the two: FindItab("net/http.ResponseWriter", "*net/http.response").
  // kNotFound when the binary never makes that conversion statically.
  absl::StatusOr<uint64_t> FindItab(std::string_view interface_name, std::string_view type_name) const;

  // All types that static code converts to the interface, in order of their itabs: FindImplementations("error").
  // kNotFound when the binary has no such interface.
  absl::StatusOr<std::vector<Implementation>> FindImplementations(std::string_view interface_name) const;

  // The layout of a named map type: FindMapLayout("net/http.Header").
  absl::StatusOr<MapLayout> FindMapLayout(std::string_view qualified_name) const;

  // What symbols.h needs to answer for the same content later, without inspecting it again.
  SymbolTables FindSymbolTables() const;

  // The places in the file on which info() and all answers given so far rest, in no order, with repetitions. Another
  // build of the program differs in some of them.
  const std::vector<elf::FileRange>& Evidence() const;

  // Go build id and header of the function table.
  std::vector<Witness> Witnesses() const;

 private:
  struct Impl;
  explicit GoBinary(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Cheap test used to dismiss a process: true when the file is a 64-bit little-endian ELF executable for a supported
// machine with Go build info. Reads the ELF and program headers and the first bytes of writable segments only.
// A status other than OK says why not: kNotFound not ELF or not Go, kUnimplemented 32-bit or foreign machine.
absl::Status LooksLikeGo(int fd);

struct BuildIds {
  std::string go;   // as in BinaryInfo
  std::string gnu;  // the bytes themselves
};

// Reads the ELF and program headers and the notes only. Status: as for LooksLikeGo, but Go or not does not matter.
absl::StatusOr<BuildIds> ReadBuildIds(int fd);

}  // namespace nodespan::goinspect
