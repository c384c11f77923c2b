// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <utility>

#include "absl/utility/utility.h"
#include "base/status_macros.h"
#include "events/record_fields.h"
#include "events/record_types.h"

namespace nodespan::events {
namespace {

struct PanicStrings {
  EventString frames;
  EventString text;
};

constexpr std::array<StringField<PanicStrings>, NS_PANIC_STRING_COUNT> kStrings = {{
    {NS_PANIC_MAX_FRAMES * sizeof(uint64_t), &PanicStrings::frames},
    {NS_PANIC_MAX_TEXT, &PanicStrings::text},
}};

}  // namespace

absl::StatusOr<Event> ReadPanic(const EventHeader& header, std::span<const std::byte> record) {
  constexpr std::string_view kName = "panic";
  ns_panic_record raw;
  NODESPAN_RETURN_IF_ERROR(ReadFixed(kName, record, &raw));
  PanicStrings strings;
  NODESPAN_RETURN_IF_ERROR(ReadStrings(kName, raw.header, record.subspan(sizeof(raw)), kStrings, strings));
  if (raw.value_bytes > sizeof(raw.value)) {
    return Malformed("panic record: a value of {} bytes", raw.value_bytes);
  }
  if (strings.frames.text.size() % sizeof(uint64_t) != 0) {
    return Malformed("panic record: {} bytes of frames", strings.frames.text.size());
  }
  absl::StatusOr<Event> result(absl::in_place, std::in_place_type<PanicEvent>);
  auto& event = std::get<PanicEvent>(*result);
  event.header = header;
  if (raw.type_vaddr != 0) {
    event.type_vaddr = raw.type_vaddr;
  }
  event.load_bias = raw.load_bias;
  if (raw.goid != 0) {
    event.goroutine = raw.goid;
  }
  std::memcpy(event.value.data(), raw.value, sizeof(raw.value));
  event.value_bytes = raw.value_bytes;
  if (const std::string_view frames = strings.frames.text; !frames.empty()) {
    event.return_vaddrs.resize(frames.size() / sizeof(uint64_t));
    std::memcpy(event.return_vaddrs.data(), frames.data(), frames.size());
  }
  event.text = strings.text;
  return result;
}

}  // namespace nodespan::events
