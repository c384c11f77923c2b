// SPDX-License-Identifier: Apache-2.0
#include "absl/utility/utility.h"
#include "base/status_macros.h"
#include "events/captured_headers.h"
#include "events/record_fields.h"
#include "events/record_types.h"

namespace nodespan::events {
namespace {

constexpr std::array<StringField<GrpcEvent>, NS_GRPC_STRING_COUNT> kStrings = {{
    {NS_GRPC_MAX_METHOD, &GrpcEvent::method},
    {NS_GRPC_MAX_TARGET, &GrpcEvent::target},
    {NS_CAPTURED_MAX_BYTES, &GrpcEvent::captured},
    {NS_HTTP_MAX_TRACESTATE, &GrpcEvent::tracestate},
    {NS_GRPC_MAX_MESSAGE, &GrpcEvent::message},
}};

}  // namespace

absl::StatusOr<Event> ReadGrpc(const EventHeader& header, GrpcSide side, std::span<const std::byte> record) {
  constexpr std::string_view kName = "gRPC";
  ns_grpc_record raw;
  NODESPAN_RETURN_IF_ERROR(ReadFixed(kName, record, &raw));
  absl::StatusOr<Event> result(absl::in_place, std::in_place_type<GrpcEvent>);
  auto& event = std::get<GrpcEvent>(*result);
  event.header = header;
  event.side = side;
  if ((raw.present & NS_GRPC_HAS_CODE) != 0) {
    event.code = raw.code;
  }
  event.failed = (raw.present & NS_GRPC_FAILED) != 0;
  event.unregistered = (raw.present & NS_GRPC_UNREGISTERED) != 0;
  event.panicked = (raw.present & NS_GRPC_PANICKED) != 0;
  if (raw.service_type_vaddr != 0) {
    event.service_type_vaddr = raw.service_type_vaddr;
  }
  if (raw.error_type_vaddr != 0) {
    event.error_type_vaddr = raw.error_type_vaddr;
  }
  if (raw.peer.ip_bytes == 4 || raw.peer.ip_bytes == 16) {
    SocketAddress& peer = event.peer.emplace();
    std::memcpy(peer.ip.data(), raw.peer.ip, sizeof(raw.peer.ip));
    peer.ip_bytes = raw.peer.ip_bytes;
    peer.port = raw.peer.port;
  }
  NODESPAN_RETURN_IF_ERROR(ReadStrings(kName, raw.header, record.subspan(sizeof(raw)), kStrings, event));
  NODESPAN_RETURN_IF_ERROR(CapturedHeaders::Check(event.captured));
  return result;
}

}  // namespace nodespan::events
