// SPDX-License-Identifier: Apache-2.0
// A panic on a goroutine that has an operation open, as the kernel side reports it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "bpf/abi/nodespan_abi.h"
#include "events/event_base.h"

namespace nodespan::events {

struct PanicEvent {
  EventHeader header;                  // Trace and span are those of the operation; start and end are the panic's time.
  std::optional<uint64_t> type_vaddr;  // Descriptor of the value's type, as linked. Absent: panic(nil).
  uint64_t load_bias = 0;              // Address in the process minus address as linked, for pointers in `value`.
  std::optional<uint64_t> goroutine;   // Its number.
  // The beginning of the value, or of what it points to when it is a pointer; 0, 8, 16 or 32 bytes could be read.
  std::array<uint8_t, 32> value{};
  uint8_t value_bytes = 0;
  std::vector<uint64_t> return_vaddrs;  // Of the stack, as linked, innermost first.
  // What the first two words of the value would be as a string: only the type tells whether they are one.
  EventString text;
};

}  // namespace nodespan::events
