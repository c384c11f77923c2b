// SPDX-License-Identifier: Apache-2.0
#include "goinspect/go_binary.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"
#include "elf/image.h"
#include "elf/notes.h"
#include "goinspect/build_info.h"
#include "goinspect/itab.h"
#include "goinspect/map_layout.h"
#include "goinspect/moduledata.h"
#include "goinspect/names.h"
#include "goinspect/pclntab.h"
#include "goinspect/refusal.h"
#include "goinspect/stack_objects.h"
#include "goinspect/symbols.h"
#include "goinspect/type_index.h"
#include "goinspect/type_region.h"

namespace nodespan::goinspect {
namespace {

using absl::StatusCode;
using base::MakeStatus;
using elf::kGnuBuildIdNote;
using elf::kGoBuildIdNote;

constexpr uint64_t kMaxNoteBytes = uint64_t{64} << 10;

// What is read from end to end, without being kept in memory. A program of 100 MB has a tenth of it.
constexpr uint64_t kMaxTypeBytes = uint64_t{128} << 20;
constexpr uint64_t kMaxFunctionTableBytes = uint64_t{128} << 20;

// All type names of one answer together. A struct has some kilobytes of them.
constexpr uint64_t kMaxAnswerBytes = uint64_t{4} << 20;

class ContentHash {
 public:
  void Add(std::span<const uint8_t> bytes) {
    for (const uint8_t byte : bytes) {
      hash_ = (hash_ ^ byte) * 1099511628211ULL;  // FNV-1a
    }
  }
  void Add(std::string_view text) { Add({reinterpret_cast<const uint8_t*>(text.data()), text.size()}); }
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 14695981039346656037ULL;
};

std::optional<std::span<const uint8_t>> FindNote(elf::Image& image, std::string_view name, uint32_t type) {
  for (const elf::FileRange& note : image.headers().notes) {
    const uint64_t count = std::min(note.bytes, kMaxNoteBytes);
    if (const uint8_t* bytes = image.file().View(note.file_off, count); bytes != nullptr) {
      if (const auto found = elf::FindNote({bytes, count}, name, type); found.has_value()) {
        return found;
      }
    }
  }
  return std::nullopt;
}

std::string ToHex(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  }
  return text;
}

BinaryInfo ReadInfo(elf::Image& image, const std::optional<BuildInfo>& build_info) {
  BinaryInfo info;
  if (build_info.has_value()) {
    info.go_version = build_info->go_version;
    info.main_module = build_info->main_module;
  }
  if (const auto id = FindNote(image, "Go", kGoBuildIdNote); id.has_value()) {
    info.go_build_id.assign(reinterpret_cast<const char*>(id->data()), id->size());
  }
  if (const auto id = FindNote(image, "GNU", kGnuBuildIdNote); id.has_value()) {
    info.gnu_build_id = ToHex(*id);
  }
  info.arch = image.headers().machine == elf::Machine::kX86_64 ? Arch::kAmd64 : Arch::kArm64;
  info.is_pie = image.headers().is_shared_object;
  info.is_dynamic = image.headers().has_interpreter;
  info.has_symbol_table = image.HasSymbolTable();
  info.file_bytes = image.file().size();
  if (!image.loads().empty()) {
    info.image_vaddr = UINT64_MAX;
    uint64_t end_vaddr = 0;
    for (const elf::Segment& segment : image.loads()) {
      info.image_vaddr = std::min(info.image_vaddr, segment.vaddr);
      end_vaddr = std::max(end_vaddr, segment.vaddr + segment.mem_bytes);
    }
    info.image_bytes = end_vaddr - info.image_vaddr;
  }
  return info;
}

// The addresses in moduledata change with the size of anything; ids, versions and settings with the rest.
uint64_t HashContent(elf::Image& image, const BinaryInfo& info, const std::optional<BuildInfo>& build_info,
                     const Moduledata& module) {
  ContentHash hash;
  if (const uint8_t* header = image.View(module.pclntab.vaddr, PclntabHeader::kBytes); header != nullptr) {
    hash.Add({header, PclntabHeader::kBytes});
  }
  hash.Add({reinterpret_cast<const uint8_t*>(module.words.data()), sizeof(module.words)});
  hash.Add(info.go_build_id);
  hash.Add(info.gnu_build_id);
  if (build_info.has_value()) {
    hash.Add(build_info->go_version);
    hash.Add(build_info->module_text);
  }
  if (info.go_build_id.empty() && info.gnu_build_id.empty()) {
    // Nothing names the build: take where each function begins as well.
    const uint64_t count = module.functions.function_count * (module.functions.has_absolute_entries ? 16 : 8);
    if (const uint8_t* functab = image.View(module.functions.functions_vaddr, count); functab != nullptr) {
      hash.Add({functab, count});
    }
  }
  return hash.value();
}

// One fact that holds in every Go program: runtime.g has a field m of type *runtime.m. Where it does not, the names
// have been obfuscated or the descriptors misread, and no other answer can be trusted.
absl::Status CheckRuntimeTypes(TypeIndex& index) {
  for (const TypeHeader& g : index.Find("runtime.g")) {
    const auto fields = index.reader().Fields(g);
    if (!fields.has_value()) {
      continue;
    }
    for (const RawField& field : *fields) {
      const auto target = field.name == "m" && field.type.kind == Kind::kPointer
                              ? index.reader().FirstTailWord(field.type)
                              : std::nullopt;
      const auto type = target.has_value() ? index.reader().Header(*target) : std::nullopt;
      if (type.has_value() && index.reader().QualifiedName(*type) == "runtime.m") {
        return absl::OkStatus();
      }
    }
  }
  return MakeStatus(StatusCode::kUnimplemented, "runtime.g is not among the type descriptors: names are obfuscated");
}

}  // namespace

struct GoBinary::Impl {
  std::unique_ptr<elf::Image> image;
  BinaryInfo info;
  Moduledata module;
  TypeRegion type_region;
  std::unique_ptr<FunctionTable> functions;
  std::vector<elf::FileRange> evidence;
  // Built when first asked for; a failure is kept as well, it would only repeat itself.
  std::optional<absl::StatusOr<TypeIndex>> types;
  std::optional<absl::StatusOr<ItabIndex>> itabs;
  std::optional<absl::StatusOr<uint64_t>> function_data_base;

  static absl::StatusOr<std::unique_ptr<Impl>> Create(std::unique_ptr<elf::Image> image);
  absl::StatusOr<TypeIndex*> Types();
  absl::StatusOr<ItabIndex*> Itabs();
  absl::StatusOr<uint64_t> FunctionDataBase();
  absl::StatusOr<TypeHeader> FindOne(std::string_view qualified_name);
  absl::StatusOr<StructType> ReadStruct(const TypeHeader& type, std::string_view qualified_name);
  std::string NameOf(const TypeHeader& type);
  std::optional<Function> ToFunction(const FunctionTable::Entry& entry) const;
  absl::Status MissingOr(const absl::Status& status) const;
  void AddEvidence(uint64_t vaddr, uint64_t bytes);
};

absl::StatusOr<std::unique_ptr<GoBinary::Impl>> GoBinary::Impl::Create(std::unique_ptr<elf::Image> opened) {
  auto impl = std::make_unique<Impl>();
  impl->image = std::move(opened);
  elf::Image& image = *impl->image;
  NODESPAN_RETURN_IF_ERROR(CheckNotPacked(image.headers(), [&](uint64_t file_off, std::span<uint8_t> out) {
    const uint8_t* bytes = image.file().View(file_off, out.size());
    if (bytes != nullptr) {
      std::copy_n(bytes, out.size(), out.begin());
    }
    return bytes != nullptr;
  }));
  const std::optional<BuildInfo> build_info = FindBuildInfo(image);
  impl->info = ReadInfo(image, build_info);
  NODESPAN_ASSIGN_OR_RETURN(const std::vector<PclntabHeader> headers, FindPclntabHeaders(image));
  std::vector<PclntabHeader> supported;
  std::copy_if(headers.begin(), headers.end(), std::back_inserter(supported),
               [](const PclntabHeader& header) { return header.is_supported(); });
  if (supported.empty()) {
    return ExplainMissingFunctionTable(image, build_info, headers, !impl->info.go_build_id.empty());
  }
  NODESPAN_RETURN_IF_ERROR(CheckIsExecutable(image, build_info));
  absl::StatusOr<Moduledata> module = FindModuledata(image, supported);
  if (absl::IsNotFound(module.status())) {
    return MakeStatus(StatusCode::kUnimplemented, "built with {}, but {}: damaged or a newer format",
                      impl->info.go_version.empty() ? "unknown Go version" : impl->info.go_version,
                      base::Message(module.status()));
  }
  NODESPAN_RETURN_IF_ERROR(module.status());
  impl->module = *std::move(module);
  const FunctionTableRanges& ranges = impl->module.functions;
  if (ranges.names_bytes + ranges.functions_bytes > kMaxFunctionTableBytes) {
    return MakeStatus(StatusCode::kResourceExhausted, "the function table has {} bytes, more than {}",
                      ranges.names_bytes + ranges.functions_bytes, kMaxFunctionTableBytes);
  }
  impl->info.function_count = ranges.function_count;
  impl->info.has_register_arguments = impl->info.arch == Arch::kAmd64 || !ranges.has_absolute_entries;
  absl::StatusOr<TypeRegion> type_region = FindTypeRegion(image, impl->module);
  if (!type_region.ok()) {
    // Go 1.16 has the function table of 1.17. The version only words the refusal.
    if (ranges.has_absolute_entries && impl->info.go_version.starts_with("go1.16")) {
      return MakeStatus(StatusCode::kUnimplemented, "built with {}: Go 1.17 is needed", impl->info.go_version);
    }
    return base::Annotate(type_region.status(),
                          impl->info.go_version.empty() ? "unknown Go version" : impl->info.go_version);
  }
  impl->type_region = *type_region;
  if (impl->type_region.end_vaddr - impl->type_region.begin_vaddr > kMaxTypeBytes) {
    return MakeStatus(StatusCode::kResourceExhausted, "the type descriptors have {} bytes, more than {}",
                      impl->type_region.end_vaddr - impl->type_region.begin_vaddr, kMaxTypeBytes);
  }
  impl->functions = std::make_unique<FunctionTable>(image, ranges);
  impl->info.content_hash = HashContent(image, impl->info, build_info, impl->module);
  impl->evidence.push_back({0, image.headers().end_file_off});
  for (const elf::FileRange& note : image.headers().notes) {
    impl->evidence.push_back({note.file_off, std::min(note.bytes, kMaxNoteBytes)});
  }
  impl->AddEvidence(impl->module.pclntab.vaddr, PclntabHeader::kBytes);
  impl->AddEvidence(impl->module.vaddr, sizeof(impl->module.words));
  return impl;
}

absl::StatusOr<TypeIndex*> GoBinary::Impl::Types() {
  if (!types.has_value()) {
    types.emplace(TypeIndex::Build(*image, type_region));
    if (types->ok()) {
      if (absl::Status status = CheckRuntimeTypes(**types); !status.ok()) {
        types.emplace(std::move(status));
      }
    }
  }
  if (!types->ok()) {
    return types->status();
  }
  (*types)->reader().StartOperation();
  (*types)->reader().Trim();  // of operations before this one
  return &**types;
}

absl::StatusOr<ItabIndex*> GoBinary::Impl::Itabs() {
  if (!itabs.has_value()) {
    NODESPAN_ASSIGN_OR_RETURN(TypeIndex * index, Types());
    itabs.emplace(ItabIndex::Build(*image, index->reader(), module.pclntab.vaddr,
                                   module.functions.functions_vaddr + module.functions.functions_bytes));
  }
  if (!itabs->ok()) {
    return itabs->status();
  }
  return &**itabs;
}

absl::StatusOr<uint64_t> GoBinary::Impl::FunctionDataBase() {
  if (!function_data_base.has_value()) {
    function_data_base.emplace(FindFunctionDataBase(*image, *functions, module));
  }
  return *function_data_base;
}

void GoBinary::Impl::AddEvidence(uint64_t vaddr, uint64_t bytes) {
  if (const std::optional<uint64_t> file_off = image->FileOffset(vaddr); file_off.has_value()) {
    evidence.push_back({*file_off, bytes});
  }
}

// The reason why something was not found, when it is that the file could not be read.
absl::Status GoBinary::Impl::MissingOr(const absl::Status& status) const {
  return image->load_status().ok() ? status : image->load_status();
}

absl::StatusOr<TypeHeader> GoBinary::Impl::FindOne(std::string_view qualified_name) {
  NODESPAN_ASSIGN_OR_RETURN(TypeIndex * index, Types());
  const std::vector<TypeHeader> found = index->Find(qualified_name);
  if (found.empty()) {
    return MissingOr(MakeStatus(StatusCode::kNotFound, "no type {} in this executable", qualified_name));
  }
  if (found.size() > 1) {
    return MakeStatus(StatusCode::kFailedPrecondition, "{} types are called {}", found.size(), qualified_name);
  }
  AddEvidence(found.front().vaddr, TypeReader::kMaxDescriptorBytes);
  return found.front();
}

std::optional<Function> GoBinary::Impl::ToFunction(const FunctionTable::Entry& entry) const {
  const elf::Segment* segment = image->SegmentOf(entry.vaddr);
  const std::optional<uint64_t> file_off = image->FileOffset(entry.vaddr);
  if (segment == nullptr || !segment->executable || !file_off.has_value()) {
    return std::nullopt;
  }
  return Function{std::string(entry.name), entry.vaddr, entry.size_bytes, *file_off};
}

GoBinary::GoBinary(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GoBinary::~GoBinary() = default;

absl::StatusOr<std::unique_ptr<GoBinary>> GoBinary::Open(int fd) {
  NODESPAN_ASSIGN_OR_RETURN(auto image, elf::Image::Open(fd));
  NODESPAN_ASSIGN_OR_RETURN(auto impl, Impl::Create(std::move(image)));
  return std::unique_ptr<GoBinary>(new GoBinary(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<GoBinary>> GoBinary::OpenBytes(std::span<const uint8_t> bytes) {
  NODESPAN_ASSIGN_OR_RETURN(auto image, elf::Image::OpenBytes(bytes));
  NODESPAN_ASSIGN_OR_RETURN(auto impl, Impl::Create(std::move(image)));
  return std::unique_ptr<GoBinary>(new GoBinary(std::move(impl)));
}

const BinaryInfo& GoBinary::info() const { return impl_->info; }

std::vector<std::optional<Function>> GoBinary::FindFunctions(std::span<const std::string_view> names) const {
  std::vector<std::optional<Function>> result;
  result.reserve(names.size());
  for (const std::optional<FunctionTable::Entry>& entry : impl_->functions->Find(names)) {
    result.push_back(entry.has_value() ? impl_->ToFunction(*entry) : std::nullopt);
    if (entry.has_value()) {
      impl_->AddEvidence(entry->record_vaddr, impl_->functions->ranges().entry_bytes() + sizeof(uint32_t));
    }
  }
  const FunctionTableRanges& ranges = impl_->functions->ranges();
  impl_->image->Release(ranges.names_vaddr, ranges.names_bytes);
  impl_->image->Release(ranges.functions_vaddr, ranges.functions_bytes);
  return result;
}

std::vector<FunctionMatches> GoBinary::MatchFunctions(std::span<const std::string_view> patterns) const {
  // With each pattern of a pointer's method also that of the value's.
  std::vector<std::string> value_methods;
  std::vector<std::string_view> wanted(patterns.begin(), patterns.end());
  std::transform(patterns.begin(), patterns.end(), std::back_inserter(value_methods), ValueMethodName);
  std::copy_if(value_methods.begin(), value_methods.end(), std::back_inserter(wanted),
               [](const std::string& name) { return !name.empty(); });
  const std::vector<FunctionTable::Matches> found = impl_->functions->FindMatching(wanted);
  std::vector<FunctionMatches> result(patterns.size());
  size_t value_method = patterns.size();  // in `found`
  for (size_t i = 0; i < patterns.size(); ++i) {
    for (const FunctionTable::Entry& entry : found[i].functions) {
      if (std::optional<Function> function = impl_->ToFunction(entry); function.has_value()) {
        result[i].functions.push_back(*std::move(function));
      }
    }
    result[i].is_inlined = found[i].is_named && found[i].functions.empty();
    result[i].is_wrapper = !value_methods[i].empty() && found[value_method++].is_named;
  }
  const FunctionTableRanges& ranges = impl_->functions->ranges();
  impl_->image->Release(ranges.names_vaddr, ranges.names_bytes);
  impl_->image->Release(ranges.functions_vaddr, ranges.functions_bytes);
  return result;
}

std::optional<Function> GoBinary::FunctionAt(uint64_t vaddr) const {
  const std::optional<FunctionTable::Entry> entry = impl_->functions->At(vaddr);
  return entry.has_value() ? impl_->ToFunction(*entry) : std::nullopt;
}

absl::StatusOr<std::span<const uint8_t>> GoBinary::Code(const Function& function) const {
  const uint8_t* code = impl_->image->View(function.vaddr, function.size_bytes);
  if (code == nullptr) {
    return impl_->MissingOr(MakeStatus(StatusCode::kDataLoss, "the code of {} lies outside the file", function.name));
  }
  impl_->AddEvidence(function.vaddr, function.size_bytes);
  return std::span(code, function.size_bytes);
}

absl::StatusOr<std::vector<StackObject>> GoBinary::StackObjects(const Function& function) const {
  if (info().arch != Arch::kAmd64) {
    return MakeStatus(StatusCode::kUnimplemented, "stack objects are read on amd64 only");
  }
  NODESPAN_ASSIGN_OR_RETURN(const uint64_t base, impl_->FunctionDataBase());
  return ReadStackObjects(*impl_->image, *impl_->functions, impl_->module, base, function.vaddr);
}

// The qualified name of a named type, or of a pointer to one with its "*"; empty for other types.
std::string GoBinary::Impl::NameOf(const TypeHeader& type) {
  TypeReader& reader = (*types)->reader();
  if (type.is_named()) {
    return reader.QualifiedName(type).value_or("");
  }
  if (type.kind == Kind::kPointer) {
    const auto target_vaddr = reader.FirstTailWord(type);
    const auto target = target_vaddr.has_value() ? reader.Header(*target_vaddr) : std::nullopt;
    const auto name = target.has_value() ? reader.QualifiedName(*target) : std::nullopt;
    return name.has_value() ? "*" + *name : "";
  }
  return "";
}

absl::StatusOr<StructType> GoBinary::Impl::ReadStruct(const TypeHeader& type, std::string_view qualified_name) {
  if (type.kind != Kind::kStruct) {
    return MakeStatus(StatusCode::kNotFound, "{} is a type of kind {}, not a struct", qualified_name,
                      static_cast<int>(type.kind));
  }
  const auto raw_fields = (*types)->reader().Fields(type);
  if (!raw_fields.has_value()) {
    return MissingOr(MakeStatus(StatusCode::kDataLoss, "the descriptor of {} contradicts itself", qualified_name));
  }
  if (const auto table = (*types)->reader().FieldTable(type); table.has_value()) {
    AddEvidence(table->vaddr, table->bytes);
  }
  StructType result{std::string(qualified_name), type.vaddr, type.size_bytes, {}};
  result.fields.reserve(raw_fields->size());
  uint64_t answer_bytes = 0;
  for (const RawField& raw : *raw_fields) {
    Field field{std::string(raw.name), raw.offset,          raw.type.kind, std::string(raw.type.name),
                NameOf(raw.type),      raw.type.size_bytes, raw.type.vaddr};
    answer_bytes += field.name.size() + field.type_name.size() + field.qualified_type_name.size();
    if (answer_bytes > kMaxAnswerBytes) {
      return MakeStatus(StatusCode::kResourceExhausted, "the field names of {} take more than {} bytes", qualified_name,
                        kMaxAnswerBytes);
    }
    result.fields.push_back(std::move(field));
  }
  return result;
}

absl::StatusOr<StructType> GoBinary::FindStruct(std::string_view qualified_name) const {
  NODESPAN_ASSIGN_OR_RETURN(const TypeHeader type, impl_->FindOne(qualified_name));
  return impl_->ReadStruct(type, qualified_name);
}

absl::StatusOr<StructType> GoBinary::StructAt(uint64_t type_vaddr) const {
  NODESPAN_ASSIGN_OR_RETURN(TypeIndex * index, impl_->Types());
  std::optional<TypeHeader> type = index->reader().Header(type_vaddr);
  if (type.has_value() && type->kind == Kind::kPointer) {
    const std::optional<uint64_t> target = index->reader().FirstTailWord(*type);
    type = target.has_value() ? index->reader().Header(*target) : std::nullopt;
  }
  if (!type.has_value()) {
    return impl_->MissingOr(MakeStatus(StatusCode::kDataLoss, "no type descriptor at {:#x}", type_vaddr));
  }
  const std::string name = impl_->NameOf(*type);
  return impl_->ReadStruct(*type, name.empty() ? type->name : std::string_view(name));
}

absl::StatusOr<uint64_t> GoBinary::FindType(std::string_view qualified_name) const {
  NODESPAN_ASSIGN_OR_RETURN(const TypeHeader type, impl_->FindOne(qualified_name));
  return type.vaddr;
}

absl::StatusOr<uint64_t> GoBinary::FindItab(std::string_view interface_name, std::string_view type_name) const {
  NODESPAN_ASSIGN_OR_RETURN(const TypeHeader interface, impl_->FindOne(interface_name));
  NODESPAN_ASSIGN_OR_RETURN(const TypeHeader type, impl_->FindOne(type_name));
  NODESPAN_ASSIGN_OR_RETURN(const ItabIndex* itabs, impl_->Itabs());
  const std::optional<uint64_t> vaddr = itabs->Find(*impl_->image, interface, type);
  if (!vaddr.has_value()) {
    return impl_->MissingOr(
        MakeStatus(StatusCode::kNotFound, "{} is never converted to {} by static code", type_name, interface_name));
  }
  impl_->AddEvidence(*vaddr, ItabIndex::kMinimumBytes);
  return *vaddr;
}

absl::StatusOr<std::vector<Implementation>> GoBinary::FindImplementations(std::string_view interface_name) const {
  NODESPAN_ASSIGN_OR_RETURN(const TypeHeader interface, impl_->FindOne(interface_name));
  NODESPAN_ASSIGN_OR_RETURN(const ItabIndex* itabs, impl_->Itabs());
  std::vector<Implementation> result;
  uint64_t answer_bytes = 0;
  for (const ItabIndex::Candidate& itab : itabs->OfInterface(interface)) {
    const std::optional<TypeHeader> type = (*impl_->types)->reader().Header(itab.type_vaddr);
    if (!type.has_value() || !ItabIndex::IsOf(*impl_->image, itab.vaddr, *type)) {
      continue;
    }
    std::string name = impl_->NameOf(*type);
    if (name.empty()) {
      name = type->name;
    }
    answer_bytes += name.size();
    if (answer_bytes > kMaxAnswerBytes) {
      return MakeStatus(StatusCode::kResourceExhausted, "the names of all types that are {} take more than {} bytes",
                        interface_name, kMaxAnswerBytes);
    }
    result.push_back({itab.vaddr, itab.type_vaddr, type->kind, std::move(name)});
  }
  return result;
}

absl::StatusOr<MapLayout> GoBinary::FindMapLayout(std::string_view qualified_name) const {
  NODESPAN_ASSIGN_OR_RETURN(const TypeHeader type, impl_->FindOne(qualified_name));
  if (type.kind != Kind::kMap) {
    return MakeStatus(StatusCode::kNotFound, "{} is not a map", qualified_name);
  }
  const std::optional<MapLayout> layout = ReadMapLayout((*impl_->types)->reader(), type);
  if (!layout.has_value()) {
    return impl_->MissingOr(
        MakeStatus(StatusCode::kUnimplemented, "the layout of map type {} is not known", qualified_name));
  }
  return *layout;
}

SymbolTables GoBinary::FindSymbolTables() const {
  const Moduledata& module = impl_->module;
  const auto slice = [&module](size_t word) { return std::pair(module.words[word], module.words[word + 1]); };
  SymbolTables tables;
  tables.source.functions = module.functions;
  tables.source.has_start_line = module.pclntab.has_start_line();
  tables.source.instruction_bytes = info().arch == Arch::kAmd64 ? 1 : 4;
  std::tie(tables.source.units_vaddr, tables.source.units_count) = slice(Moduledata::kCompileUnits);
  std::tie(tables.source.files_vaddr, tables.source.files_bytes) = slice(Moduledata::kFileNames);
  std::tie(tables.source.pc_values_vaddr, tables.source.pc_values_bytes) = slice(Moduledata::kPcValues);
  if (const absl::StatusOr<uint64_t> base = impl_->FunctionDataBase(); base.ok()) {
    tables.source.function_data_base = *base;
  }
  tables.types_begin_vaddr = impl_->type_region.begin_vaddr;
  tables.types_end_vaddr = impl_->type_region.end_vaddr;
  return tables;
}

const std::vector<elf::FileRange>& GoBinary::Evidence() const { return impl_->evidence; }

std::vector<Witness> GoBinary::Witnesses() const {
  constexpr uint64_t kHeaderBytes = 24;  // what comes before the first address in any layout
  std::vector<Witness> witnesses;
  const auto add = [&](uint64_t vaddr, uint64_t bytes, std::string_view what) {
    if (const uint8_t* view = impl_->image->View(vaddr, bytes); view != nullptr) {
      witnesses.push_back({vaddr, std::string(reinterpret_cast<const char*>(view), bytes), std::string(what)});
    }
  };
  for (const elf::FileRange& note : impl_->image->headers().notes) {
    const std::optional<uint64_t> vaddr = impl_->image->VaddrOfFileOffset(note.file_off);
    if (vaddr.has_value() && note.bytes <= kMaxNoteBytes) {
      add(*vaddr, note.bytes, "a note with its build id");
    }
  }
  add(impl_->module.pclntab.vaddr, kHeaderBytes, "its function table");
  return witnesses;
}

const Field* StructType::FindField(std::string_view name) const {
  const auto it = std::find_if(fields.begin(), fields.end(), [name](const Field& field) { return field.name == name; });
  return it == fields.end() ? nullptr : &*it;
}

}  // namespace nodespan::goinspect
