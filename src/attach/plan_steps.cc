// SPDX-License-Identifier: Apache-2.0
#include "attach/plan_steps.h"

#include <optional>

#include "base/status_macros.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;

// All variants are assembly functions that grow the stack and start the caller again (runtime/asm_*.s).
constexpr std::string_view kMorestackNames[] = {"runtime.morestack_noctxt", "runtime.morestack", "runtime.morestackc"};

// Largest offset that fits the parameter blocks; far beyond any struct that is read.
constexpr uint64_t kMaxFieldOffset = 0xffff;

IsMorestack FindMorestack(const GoBinary& binary) {
  std::vector<uint64_t> addresses;
  for (const std::optional<goinspect::Function>& function : binary.FindFunctions(kMorestackNames)) {
    if (function.has_value()) {
      addresses.push_back(function->vaddr);
    }
  }
  return
      [addresses](uint64_t vaddr) { return std::find(addresses.begin(), addresses.end(), vaddr) != addresses.end(); };
}

// The first of the candidates that is there; names of the standard library are looked up exactly, which is fast.
absl::StatusOr<goinspect::Function> FirstPresent(const GoBinary& binary, std::span<const std::string_view> candidates) {
  for (std::optional<goinspect::Function>& function : binary.FindFunctions(candidates)) {
    if (function.has_value()) {
      return *std::move(function);
    }
  }
  const std::vector<goinspect::FunctionMatches> matches = binary.MatchFunctions(candidates);
  for (size_t i = 0; i < matches.size(); ++i) {
    if (matches[i].is_wrapper && !matches[i].functions.empty()) {
      return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} is a wrapper of the value's method",
                              matches[i].functions.front().name);
    }
    if (matches[i].functions.size() > 1) {
      return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} functions are called {}",
                              matches[i].functions.size(), candidates[i]);
    }
    if (!matches[i].functions.empty()) {
      return matches[i].functions.front();
    }
  }
  const bool is_inlined =
      std::any_of(matches.begin(), matches.end(), [](const auto& match) { return match.is_inlined; });
  if (is_inlined) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "function {} is in the binary only as inlined copies",
                            candidates.front());
  }
  return base::MakeStatus(absl::StatusCode::kNotFound, "not used by this program: no function {}", candidates.front());
}

// Offset of a field that a map walk needs. These runtime types are only reached through pointers, so their kind of type
// is checked by size and the walk's own bounds.
absl::StatusOr<uint16_t> MapField(const GoBinary& binary, std::string_view struct_name, std::string_view field_name,
                                  uint64_t size_bytes) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType type, binary.FindStruct(struct_name));
  const goinspect::Field* field = type.FindField(field_name);
  if (field == nullptr || field->size_bytes != size_bytes || field->offset > kMaxFieldOffset) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{} has no {} of {} bytes", struct_name, field_name,
                            size_bytes);
  }
  return static_cast<uint16_t>(field->offset);
}

absl::Status PlanClassicMap(const GoBinary& binary, ns_map_layout* layout) {
  layout->kind = NS_MAP_CLASSIC;
  // Tophash values below minTopHash (5) mark empty and evacuated slots (runtime/map.go up to Go 1.23).
  layout->control_min = 5;
  layout->control_span = 250;
  NODESPAN_ASSIGN_OR_RETURN(layout->hmap_b_off, MapField(binary, "runtime.hmap", "B", 1));
  NODESPAN_ASSIGN_OR_RETURN(layout->hmap_buckets_off, MapField(binary, "runtime.hmap", "buckets", 8));
  NODESPAN_ASSIGN_OR_RETURN(layout->hmap_oldbuckets_off, MapField(binary, "runtime.hmap", "oldbuckets", 8));
  return absl::OkStatus();
}

absl::Status PlanSwissMap(const GoBinary& binary, ns_map_layout* layout) {
  constexpr std::string_view kMap = "internal/runtime/maps.Map";
  constexpr std::string_view kTable = "internal/runtime/maps.table";
  constexpr std::string_view kGroups = "internal/runtime/maps.groupsReference";
  layout->kind = NS_MAP_SWISS;
  // Full slots have the top bit of their control byte clear (internal/runtime/maps/group.go).
  layout->control_min = 0;
  layout->control_span = 127;
  NODESPAN_ASSIGN_OR_RETURN(layout->swiss_dir_ptr_off, MapField(binary, kMap, "dirPtr", 8));
  NODESPAN_ASSIGN_OR_RETURN(layout->swiss_dir_len_off, MapField(binary, kMap, "dirLen", 8));
  NODESPAN_ASSIGN_OR_RETURN(layout->swiss_table_groups_off, MapField(binary, kTable, "groups", 16));
  NODESPAN_ASSIGN_OR_RETURN(layout->swiss_groups_data_off, MapField(binary, kGroups, "data", 8));
  NODESPAN_ASSIGN_OR_RETURN(layout->swiss_groups_mask_off, MapField(binary, kGroups, "lengthMask", 8));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<PlannedProbe>> PlanProbes(const GoBinary& binary, std::span<const FunctionSpec> functions,
                                                     uint16_t* branch_sites) {
  const IsMorestack is_morestack = FindMorestack(binary);
  std::vector<PlannedProbe> probes;
  for (const FunctionSpec& spec : functions) {
    const absl::StatusOr<goinspect::Function> function = FirstPresent(binary, spec.candidates);
    if (!function.ok()) {
      return function.status();
    }
    NODESPAN_ASSIGN_OR_RETURN(const std::span<const uint8_t> code, binary.Code(*function));
    absl::StatusOr<Site> site = FindStartSite(code, function->vaddr, binary.info().arch, is_morestack);
    if (!site.ok()) {
      return base::Annotate(site.status(), function->name);
    }
    if (site->kind == SiteKind::kStackCheckBranch) {
      *branch_sites = static_cast<uint16_t>(*branch_sites | spec.branch_site_bit);
    }
    const uint64_t file_off = function->file_off + site->function_off;
    probes.push_back({spec.program, *function, *std::move(site), file_off});
  }
  return probes;
}

absl::StatusOr<goinspect::Field> FindCheckedField(const GoBinary& binary, std::string_view struct_name,
                                                  std::string_view field_name,
                                                  std::span<const std::string_view> type_names) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::StructType type, binary.FindStruct(struct_name));
  const goinspect::Field* field = type.FindField(field_name);
  if (field == nullptr) {
    return base::MakeStatus(absl::StatusCode::kNotFound, "{} has no field {}", struct_name, field_name);
  }
  if (std::find(type_names.begin(), type_names.end(), field->type_name) == type_names.end()) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{}.{} is a {}, not a {}", struct_name, field_name,
                            field->type_name, type_names.front());
  }
  if (field->offset > kMaxFieldOffset) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "{}.{} lies at {}", struct_name, field_name,
                            field->offset);
  }
  return *field;
}

absl::StatusOr<ns_map_layout> PlanMap(const GoBinary& binary, std::string_view map_type) {
  NODESPAN_ASSIGN_OR_RETURN(const goinspect::MapLayout map, binary.FindMapLayout(map_type));
  if (map.group_bytes == 0 || map.group_bytes > NS_MAP_GROUP_BYTES) {
    return base::MakeStatus(absl::StatusCode::kUnimplemented, "groups of {} are {} bytes long", map_type,
                            map.group_bytes);
  }
  ns_map_layout layout{};
  if (map.kind == goinspect::MapLayout::Kind::kClassic) {
    NODESPAN_RETURN_IF_ERROR(PlanClassicMap(binary, &layout));
  } else {
    NODESPAN_RETURN_IF_ERROR(PlanSwissMap(binary, &layout));
  }
  layout.group_bytes = static_cast<uint16_t>(map.group_bytes);
  layout.control_off = static_cast<uint16_t>(map.control_off);
  layout.key_off = static_cast<uint16_t>(map.key_off);
  layout.key_stride = static_cast<uint16_t>(map.key_stride);
  layout.elem_off = static_cast<uint16_t>(map.elem_off);
  layout.elem_stride = static_cast<uint16_t>(map.elem_stride);
  layout.overflow_off = static_cast<uint16_t>(map.overflow_off);
  return layout;
}

}  // namespace nodespan::attach
