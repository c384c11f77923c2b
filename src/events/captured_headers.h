// SPDX-License-Identifier: Apache-2.0
// Values of headers that the user asked for, as a record has them.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "events/event_base.h"

namespace nodespan::events {

// One value of one header. The values of a header stand together, in their order.
struct CapturedHeader {
  size_t name = 0;  // Its place in the list of names: below NS_CAPTURED_NAMES.
  EventString value;
};

// Reads the string `captured` of an event from front to back.
class CapturedHeaders {
 public:
  explicit CapturedHeaders(const EventString& captured) : rest_(captured.text) {}

  // kDataLoss when it is malformed. Records that were read have been checked.
  static absl::Status Check(const EventString& captured);

  // Takes the next one; nothing at the end.
  std::optional<CapturedHeader> Next();

 private:
  std::string_view rest_;
};

}  // namespace nodespan::events
