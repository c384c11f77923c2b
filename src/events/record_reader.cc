// SPDX-License-Identifier: Apache-2.0
#include "events/record_reader.h"

#include <algorithm>
#include <cstring>

#include "events/record_fields.h"
#include "events/record_types.h"

namespace nodespan::events {
namespace {

template <size_t N>
bool IsZero(const std::array<uint8_t, N>& id) {
  return id == std::array<uint8_t, N>{};
}

std::optional<uint64_t> OtNumber(uint64_t raw) {
  return (raw & NS_OT_PRESENT) != 0 ? std::optional(raw & NS_OT_MASK) : std::nullopt;
}

absl::StatusOr<EventHeader> ReadHeader(const ns_record_header& raw) {
  EventHeader header;
  header.target_slot = raw.target_slot;
  header.target_generation = raw.target_generation;
  header.start_mono_ns = raw.start_mono_ns;
  // bpf_ktime_get_ns() reads the NMI-safe "fast" clock, which may step back by some nanoseconds between two CPUs while
  // the kernel updates it (kernel/time/timekeeping.c, __ktime_get_fast_ns).
  header.end_mono_ns = std::max(raw.end_mono_ns, raw.start_mono_ns);
  std::memcpy(header.trace_id.data(), raw.trace_id, sizeof(raw.trace_id));
  std::memcpy(header.span_id.data(), raw.span_id, sizeof(raw.span_id));
  std::memcpy(header.parent_span_id.data(), raw.parent_span_id, sizeof(raw.parent_span_id));
  header.trace_flags = raw.trace_flags;
  header.has_remote_parent = (raw.flags & NS_SPAN_REMOTE_PARENT) != 0 && !IsZero(header.parent_span_id);
  header.ot = {.threshold = OtNumber(raw.ot.threshold), .randomness = OtNumber(raw.ot.randomness)};
  if (IsZero(header.trace_id) || IsZero(header.span_id)) {
    return Malformed("record: all-zero trace or span id");
  }
  return header;
}

}  // namespace

const EventHeader& HeaderOf(const Event& event) {
  return std::visit([](const auto& alternative) -> const EventHeader& { return alternative.header; }, event);
}

absl::StatusOr<Event> ReadRecord(std::span<const std::byte> bytes) {
  ns_record_header raw;
  if (bytes.size() < sizeof(raw)) {
    return Malformed("record: {} bytes, at least {} expected", bytes.size(), sizeof(raw));
  }
  std::memcpy(&raw, bytes.data(), sizeof(raw));
  if (raw.abi_version != NODESPAN_ABI_VERSION) {
    return Malformed("record: ABI version {}, {} expected", raw.abi_version, NODESPAN_ABI_VERSION);
  }
  if (raw.size_bytes < sizeof(raw) || raw.size_bytes > bytes.size()) {
    return Malformed("record: says {} bytes, {} are there", raw.size_bytes, bytes.size());
  }
  absl::StatusOr<EventHeader> header = ReadHeader(raw);
  if (!header.ok()) {
    return header.status();
  }
  switch (raw.type) {
    case NS_RECORD_HTTP_SERVER: return ReadHttpServer(*header, bytes.first(raw.size_bytes));
    case NS_RECORD_HTTP_CLIENT: return ReadHttpClient(*header, bytes.first(raw.size_bytes));
    case NS_RECORD_DATABASE: return ReadDatabase(*header, bytes.first(raw.size_bytes));
    case NS_RECORD_GRPC_SERVER: return ReadGrpc(*header, GrpcSide::kServer, bytes.first(raw.size_bytes));
    case NS_RECORD_GRPC_CLIENT: return ReadGrpc(*header, GrpcSide::kClient, bytes.first(raw.size_bytes));
    case NS_RECORD_API: return ReadApi(*header, bytes.first(raw.size_bytes));
    case NS_RECORD_KAFKA: return ReadKafka(*header, bytes.first(raw.size_bytes));
    case NS_RECORD_PANIC: return ReadPanic(*header, bytes.first(raw.size_bytes));
    default: return Malformed("record: unknown type {}", raw.type);
  }
}

}  // namespace nodespan::events
