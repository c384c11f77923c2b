// SPDX-License-Identifier: Apache-2.0
#include "attach/value_paths.h"

#include <optional>
#include <utility>

namespace nodespan::attach {
namespace {

using goinspect::Field;
using goinspect::GoBinary;
using goinspect::Kind;
using goinspect::StructType;

// The way along `fields` from a struct to a part of kind `wanted`; nullopt when the structs are not like that.
std::optional<ns_value_path> FollowFields(const GoBinary& binary, const StructType& from,
                                          std::span<const std::string_view> fields, Kind wanted) {
  ns_value_path path{};
  StructType type = from;
  uint64_t offset = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field* field = type.FindField(fields[i]);
    if (field == nullptr) {
      return std::nullopt;
    }
    offset += field->offset;
    const bool is_last = i + 1 == fields.size();
    if (is_last || field->kind == Kind::kPointer) {
      if (path.steps == NS_PATH_STEPS || offset > 0xffff) {
        return std::nullopt;
      }
      path.off[path.steps++] = static_cast<uint16_t>(offset);
      offset = 0;
    }
    if (is_last) {
      return field->kind == wanted ? std::optional(path) : std::nullopt;
    }
    absl::StatusOr<StructType> next = binary.StructAt(field->type_vaddr);
    if (!next.ok()) {
      return std::nullopt;
    }
    type = *std::move(next);
  }
  return std::nullopt;
}

}  // namespace

ns_value_path FindPath(const GoBinary& binary, const StructType& from, std::span<const std::string_view> fields,
                       Kind wanted) {
  return FollowFields(binary, from, fields, wanted).value_or(ns_value_path{});
}

}  // namespace nodespan::attach
