// SPDX-License-Identifier: Apache-2.0
// Ring bytes -> typed events. The only reader of the wire format of bpf/abi/nodespan_abi.h.
//
// Thread: pure functions, any thread. Nothing is copied but numbers: the strings of an event are views into the record
// and die with it. Errors: kDataLoss for a record that is not exactly what the ABI says; the caller counts it as
// records_malformed and goes on with the next one. Foreign memory ends up in records, so no content can crash this.
#pragma once

#include <cstddef>
#include <span>
#include <variant>

#include "absl/status/statusor.h"
#include "events/api_event.h"
#include "events/database_event.h"
#include "events/event_base.h"
#include "events/grpc_event.h"
#include "events/http_event.h"
#include "events/kafka_event.h"
#include "events/panic_event.h"

namespace nodespan::events {

// One alternative per kind of record.
using Event =
    std::variant<HttpServerEvent, HttpClientEvent, DatabaseEvent, GrpcEvent, ApiEvent, KafkaEvent, PanicEvent>;

// What all alternatives have.
const EventHeader& HeaderOf(const Event& event);

// Reads the record at the start of `bytes`. `bytes` may be longer than the record (the ring rounds sizes up), never
// shorter; it needs no alignment.
absl::StatusOr<Event> ReadRecord(std::span<const std::byte> bytes);

}  // namespace nodespan::events
