// SPDX-License-Identifier: Apache-2.0
#include "attach/go_runtime_plan.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "attach/plan_steps.h"

namespace nodespan::attach {
namespace {

using goinspect::Field;
using goinspect::GoBinary;
using goinspect::StructType;

constexpr std::string_view kContext = "context.Context";
constexpr std::string_view kGoidTypes[] = {"uint64", "int64"};  // signed before Go 1.20
constexpr std::string_view kUint64[] = {"uint64"};
constexpr std::string_view kMPointer[] = {"*runtime.m"};
constexpr std::string_view kPuintptr[] = {"runtime.puintptr"};

// Contexts that end every chain (context/context.go; one type up to Go 1.20, two since).
// A request of fasthttp is one, too.
constexpr std::string_view kFasthttpRequest = "*github.com/valyala/fasthttp.RequestCtx";
constexpr std::array<std::string_view, 5> kRootContexts = {"context.backgroundCtx", "context.todoCtx",
                                                           "context.emptyCtx", "*context.emptyCtx", kFasthttpRequest};

// Contexts that programs have as another interface (fiber.Ctx, SessionContext of MongoDB v1), so that the binary has no
// itab of theirs.
constexpr std::string_view kConvertedContexts[] = {"*github.com/gofiber/fiber/v3.DefaultCtx", kFasthttpRequest,
                                                   "*go.mongodb.org/mongo-driver/mongo.sessionContext"};

// How deep embedded structs are looked into, by value.
constexpr int kMaxNesting = 4;
constexpr uint64_t kMaxOffset = 0xffff;

// Offset of the context.Context that `type` holds: embedded before named, nearer the top before nested.
std::optional<uint64_t> FindContextField(const GoBinary& binary, const StructType& type, int nesting) {
  const Field* found = nullptr;
  for (const Field& field : type.fields) {
    const bool is_context = field.qualified_type_name == kContext;
    if (is_context && (found == nullptr || field.name == "Context")) {
      found = &field;
    }
  }
  if (found != nullptr) {
    return found->offset;
  }
  for (const Field& field : type.fields) {
    if (nesting == 0 || field.kind != goinspect::Kind::kStruct) {
      continue;
    }
    const auto inner = binary.StructAt(field.type_vaddr);
    const auto offset = inner.ok() ? FindContextField(binary, *inner, nesting - 1) : std::nullopt;
    if (offset.has_value()) {
      return field.offset + *offset;
    }
  }
  return std::nullopt;
}

// The way of a context of struct type `type` to its parent; nullopt when there is none.
std::optional<ns_context_type> FindParent(const GoBinary& binary, const StructType& type) {
  ns_context_type layout{};
  if (const auto offset = FindContextField(binary, type, kMaxNesting); offset.has_value() && *offset <= kMaxOffset) {
    layout.parent_off = static_cast<uint16_t>(*offset);
    return layout;
  }
  for (const Field& field : type.fields) {
    if (field.qualified_type_name == kFasthttpRequest && field.offset <= kMaxOffset) {
      layout.is_pointer = 1;
      layout.parent_off = static_cast<uint16_t>(field.offset);
      return layout;
    }
  }
  for (const Field& field : type.fields) {
    if (field.kind != goinspect::Kind::kPointer || field.offset > kMaxOffset) {
      continue;
    }
    const auto target = binary.StructAt(field.type_vaddr);
    const auto offset = target.ok() ? FindContextField(binary, *target, 0) : std::nullopt;
    if (offset.has_value() && *offset <= kMaxOffset) {
      layout.has_indirection = 1;
      layout.indirection_off = static_cast<uint16_t>(field.offset);
      layout.parent_off = static_cast<uint16_t>(*offset);
      return layout;
    }
  }
  return std::nullopt;
}

// Adds the type to those that can be followed, if it is one; `key_vaddr`: of its itab or its descriptor.
void AddContextType(const GoBinary& binary, uint64_t key_vaddr, std::string name, uint64_t type_vaddr,
                    std::vector<ContextType>* types) {
  ContextType type{key_vaddr, std::move(name), {}};
  if (std::find(kRootContexts.begin(), kRootContexts.end(), type.type_name) != kRootContexts.end()) {
    type.layout.is_root = 1;
  } else if (const auto structure = binary.StructAt(type_vaddr); structure.ok()) {
    const std::optional<ns_context_type> layout = FindParent(binary, *structure);
    if (!layout.has_value()) {
      return;
    }
    type.layout = *layout;
  } else {
    return;
  }
  types->push_back(std::move(type));
}

bool Resolve(const GoBinary& binary, std::string_view struct_name, std::string_view field_name,
             std::span<const std::string_view> types, uint16_t* offset) {
  const absl::StatusOr<Field> field = FindCheckedField(binary, struct_name, field_name, types);
  if (field.ok()) {
    *offset = static_cast<uint16_t>(field->offset);
  }
  return field.ok();
}

}  // namespace

void PlanGoroutines(const GoBinary& binary, ns_go_params* go) {
  if (Resolve(binary, "runtime.g", "goid", kGoidTypes, &go->g_goid_off)) {
    go->present |= NS_GO_PARAM_GOID;
  }
  // parentGoid exists since Go 1.21.
  if (Resolve(binary, "runtime.g", "parentGoid", kUint64, &go->g_parent_goid_off) &&
      Resolve(binary, "runtime.g", "m", kMPointer, &go->g_m_off) &&
      Resolve(binary, "runtime.m", "p", kPuintptr, &go->m_p_off) &&
      Resolve(binary, "runtime.p", "goidcache", kUint64, &go->p_goid_cache_off) &&
      Resolve(binary, "runtime.p", "goidcacheend", kUint64, &go->p_goid_cache_end_off)) {
    go->present |= NS_GO_PARAM_PARENT_GOID;
  }
}

std::vector<ContextType> PlanContextTypes(const GoBinary& binary) {
  std::vector<ContextType> types;
  const auto implementations = binary.FindImplementations(kContext);
  if (!implementations.ok()) {
    return types;
  }
  for (const goinspect::Implementation& implementation : *implementations) {
    AddContextType(binary, implementation.itab_vaddr, implementation.type_name, implementation.type_vaddr, &types);
  }
  for (const std::string_view name : kConvertedContexts) {
    if (const absl::StatusOr<uint64_t> type = binary.FindType(name); type.ok()) {
      AddContextType(binary, *type, std::string(name), *type, &types);
    }
  }
  return types;
}

model::TypeNamesPtr PlanTypes(const GoBinary& binary) {
  std::vector<std::pair<uint64_t, std::string>> names;
  for (const std::string_view interface :
       {"error", "database/sql/driver.Conn", "database/sql/driver.Connector", "database/sql/driver.Driver"}) {
    const auto implementations = binary.FindImplementations(interface);
    if (!implementations.ok()) {
      continue;
    }
    for (const goinspect::Implementation& implementation : *implementations) {
      names.emplace_back(implementation.type_vaddr, implementation.type_name);
    }
  }
  return std::make_shared<const model::TypeNames>(std::move(names));
}

}  // namespace nodespan::attach
