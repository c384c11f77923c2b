// SPDX-License-Identifier: Apache-2.0
#include "absl/utility/utility.h"
#include "base/status_macros.h"
#include "events/record_fields.h"
#include "events/record_types.h"

namespace nodespan::events {
namespace {

constexpr std::string_view kName = "OpenTelemetry API";

constexpr std::array<StringField<ApiEvent>, NS_API_STRING_COUNT> kStrings = {{
    {NS_API_MAX_TEXT, &ApiEvent::text},
    {NS_API_MAX_TRACER, &ApiEvent::tracer},
    {NS_API_MAX_BODY, &ApiEvent::body},
}};

std::optional<ApiAction> ToAction(uint8_t raw) {
  switch (raw) {
    case NS_API_BEGIN: return ApiAction::kBegin;
    case NS_API_ATTRIBUTES: return ApiAction::kAttributes;
    case NS_API_STATUS: return ApiAction::kStatus;
    case NS_API_NAME: return ApiAction::kName;
    case NS_API_EVENT: return ApiAction::kEvent;
    case NS_API_ERROR: return ApiAction::kError;
    case NS_API_END: return ApiAction::kEnd;
    case NS_API_ENCODED: return ApiAction::kEncoded;
    default: return std::nullopt;
  }
}

struct ItemForm {
  ApiItem::Kind kind;
  size_t unit_bytes;   // the value has a multiple of it
  size_t exact_bytes;  // or exactly this much; 0: any multiple
};

std::optional<ItemForm> FormOf(uint8_t raw) {
  using Kind = ApiItem::Kind;
  switch (raw) {
    case NS_ITEM_BOOL: return ItemForm{Kind::kBool, 8, 8};
    case NS_ITEM_INT64: return ItemForm{Kind::kInt64, 8, 8};
    case NS_ITEM_FLOAT64: return ItemForm{Kind::kFloat64, 8, 8};
    case NS_ITEM_STRING: return ItemForm{Kind::kString, 1, 0};
    case NS_ITEM_BOOLS: return ItemForm{Kind::kBools, 1, 0};
    case NS_ITEM_INT64S: return ItemForm{Kind::kInt64s, 8, 0};
    case NS_ITEM_FLOAT64S: return ItemForm{Kind::kFloat64s, 8, 0};
    case NS_ITEM_STRINGS: return ItemForm{Kind::kStrings, 1, 0};
    case NS_ITEM_LEFT_OUT: return ItemForm{Kind::kLeftOut, 1, 0};
    case NS_ITEM_SPAN_KIND: return ItemForm{Kind::kSpanKind, 8, 8};
    case NS_ITEM_TIMESTAMP: return ItemForm{Kind::kTimestamp, 16, 16};
    case NS_ITEM_LINK: return ItemForm{Kind::kLink, 25, 25};
    default: return std::nullopt;
  }
}

}  // namespace

absl::StatusOr<std::vector<ApiItem>> ReadApiItems(std::string_view body) {
  std::vector<ApiItem> items;
  while (!body.empty()) {
    ns_api_item raw;
    if (body.size() < sizeof(raw)) {
      return Malformed("{} record: {} bytes behind the last item", kName, body.size());
    }
    std::memcpy(&raw, body.data(), sizeof(raw));
    body.remove_prefix(sizeof(raw));
    if (size_t{raw.key_bytes} + raw.value_bytes > body.size()) {
      return Malformed("{} record: an item ends behind the record", kName);
    }
    const std::string_view key = body.substr(0, raw.key_bytes);
    const std::string_view value = body.substr(raw.key_bytes, raw.value_bytes);
    body.remove_prefix(key.size() + value.size());
    if (raw.kind == NS_ITEM_ELEMENT) {
      if (items.empty() || items.back().kind != ApiItem::Kind::kStrings) {
        return Malformed("{} record: an element without its list", kName);
      }
      items.back().elements.push_back({value, raw.cut != 0});
      continue;
    }
    const std::optional<ItemForm> form = FormOf(raw.kind);
    if (!form.has_value()) {
      return Malformed("{} record: unknown item {}", kName, raw.kind);
    }
    if (value.size() % form->unit_bytes != 0 || (form->exact_bytes != 0 && value.size() != form->exact_bytes)) {
      return Malformed("{} record: item {} has {} bytes", kName, raw.kind, value.size());
    }
    items.push_back({form->kind, raw.cut != 0, key, value, {}});
  }
  return items;
}

absl::StatusOr<Event> ReadApi(const EventHeader& header, std::span<const std::byte> record) {
  ns_api_record raw;
  NODESPAN_RETURN_IF_ERROR(ReadFixed(kName, record, &raw));
  const std::optional<ApiAction> action = ToAction(raw.action);
  if (!action.has_value()) {
    return Malformed("{} record: unknown action {}", kName, raw.action);
  }
  absl::StatusOr<Event> result(absl::in_place, std::in_place_type<ApiEvent>);
  auto& event = std::get<ApiEvent>(*result);
  event.header = header;
  event.action = *action;
  event.number = raw.number;
  event.items_cut = raw.items_cut != 0;
  if (raw.error_type_vaddr != 0) {
    event.error_type_vaddr = raw.error_type_vaddr;
  }
  NODESPAN_RETURN_IF_ERROR(ReadStrings(kName, raw.header, record.subspan(sizeof(raw)), kStrings, event));
  return result;
}

}  // namespace nodespan::events
