// SPDX-License-Identifier: Apache-2.0
#include "attach/error_plan.h"

#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "attach/plan_steps.h"

namespace nodespan::attach {
namespace {

using goinspect::GoBinary;

constexpr std::string_view kString[] = {"string"};
constexpr std::string_view kError[] = {"error"};
constexpr std::string_view kErrorList[] = {"[]error"};

struct ErrorSpec {
  std::string_view struct_name;
  std::string_view text_field;    // has the whole text; empty: none has
  std::string_view cause_field;   // the error that it wraps
  std::string_view causes_field;  // or several of them
  bool has_text_of_cause = false;
};

// Source: errors/errors.go, errors/join.go; fmt/errors.go; github.com/pkg/errors, errors.go; pgconn/pgconn.go.
constexpr ErrorSpec kErrors[] = {
    {.struct_name = "errors.errorString", .text_field = "s"},
    {.struct_name = "fmt.wrapError", .text_field = "msg", .cause_field = "err"},
    {.struct_name = "fmt.wrapErrors", .text_field = "msg", .causes_field = "errs"},
    {.struct_name = "errors.joinError", .causes_field = "errs"},
    {.struct_name = "github.com/pkg/errors.fundamental", .text_field = "msg"},
    {.struct_name = "github.com/pkg/errors.withMessage", .cause_field = "cause"},
    {.struct_name = "github.com/pkg/errors.withStack", .cause_field = "error", .has_text_of_cause = true},
    {.struct_name = "github.com/jackc/pgx/v5/pgconn.PrepareError", .cause_field = "err", .has_text_of_cause = true},
};
static_assert(std::size(kErrors) == NS_ERROR_KINDS);

// Sets the bit where there is such a field; false: there should be.
bool PlanField(const GoBinary& binary, std::string_view struct_name, std::string_view field_name,
               std::span<const std::string_view> types, uint8_t bit, uint16_t* offset, uint8_t* present) {
  if (field_name.empty()) {
    return true;
  }
  const auto field = FindCheckedField(binary, struct_name, field_name, types);
  if (!field.ok()) {
    return false;
  }
  *offset = static_cast<uint16_t>(field->offset);
  *present = static_cast<uint8_t>(*present | bit);
  return true;
}

std::optional<ns_error_kind> PlanKind(const GoBinary& binary, const ErrorSpec& spec) {
  const auto itab = binary.FindItab("error", "*" + std::string(spec.struct_name));
  if (!itab.ok()) {
    return std::nullopt;
  }
  ns_error_kind kind{};
  kind.itab_vaddr = *itab;
  kind.present = spec.has_text_of_cause ? NS_ERROR_SAME_TEXT : 0;
  const bool is_as_expected =
      PlanField(binary, spec.struct_name, spec.text_field, kString, NS_ERROR_TEXT, &kind.text_off, &kind.present) &&
      PlanField(binary, spec.struct_name, spec.cause_field, kError, NS_ERROR_CAUSE, &kind.cause_off, &kind.present) &&
      PlanField(binary, spec.struct_name, spec.causes_field, kErrorList, NS_ERROR_CAUSES, &kind.cause_off,
                &kind.present);
  return is_as_expected ? std::optional(kind) : std::nullopt;
}

}  // namespace

void PlanErrors(const GoBinary& binary, ns_go_params* go) {
  ns_error_kind* next = go->errors;
  for (const ErrorSpec& spec : kErrors) {
    if (const std::optional<ns_error_kind> kind = PlanKind(binary, spec)) {
      *next++ = *kind;
    }
  }
}

}  // namespace nodespan::attach
