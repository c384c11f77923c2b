// SPDX-License-Identifier: Apache-2.0
// A reader for each type of record. Internal to `events`.
#pragma once

#include <cstddef>
#include <span>

#include "absl/status/statusor.h"
#include "events/record_reader.h"

namespace nodespan::events {

// `record` is exactly the record: its size is that of the header, which was read into `header`.
absl::StatusOr<Event> ReadHttpServer(const EventHeader& header, std::span<const std::byte> record);
absl::StatusOr<Event> ReadHttpClient(const EventHeader& header, std::span<const std::byte> record);
absl::StatusOr<Event> ReadGrpc(const EventHeader& header, GrpcSide side, std::span<const std::byte> record);
absl::StatusOr<Event> ReadApi(const EventHeader& header, std::span<const std::byte> record);
absl::StatusOr<Event> ReadKafka(const EventHeader& header, std::span<const std::byte> record);
absl::StatusOr<Event> ReadPanic(const EventHeader& header, std::span<const std::byte> record);
absl::StatusOr<Event> ReadDatabase(const EventHeader& header, std::span<const std::byte> record);

}  // namespace nodespan::events
