// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any bytes as a ring record. Reading must end with a Status or with views inside the input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include "events/record_reader.h"

namespace {

using nodespan::events::ApiEvent;
using nodespan::events::ApiItem;
using nodespan::events::EventString;
using nodespan::events::GrpcEvent;
using nodespan::events::HttpServerEvent;
using nodespan::events::KafkaEvent;

void CheckInside(std::span<const std::byte> input, const EventString& string) {
  const auto* begin = reinterpret_cast<const std::byte*>(string.text.data());
  if (begin < input.data() || begin + string.text.size() > input.data() + input.size()) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  const auto event = nodespan::events::ReadRecord(input);
  if (!event.ok()) {
    return 0;
  }
  if (const auto* http = std::get_if<HttpServerEvent>(&*event)) {
    for (const EventString* string : {&http->method, &http->uri, &http->host, &http->remote_addr, &http->user_agent,
                                      &http->forwarded, &http->x_forwarded_for, &http->x_forwarded_host,
                                      &http->x_forwarded_proto, &http->tracestate, &http->pattern}) {
      CheckInside(input, *string);
    }
  } else if (const auto* grpc = std::get_if<GrpcEvent>(&*event)) {
    for (const EventString* string : {&grpc->method, &grpc->target, &grpc->tracestate, &grpc->message}) {
      CheckInside(input, *string);
    }
  } else if (const auto* api = std::get_if<ApiEvent>(&*event)) {
    for (const EventString* string : {&api->text, &api->tracer, &api->body}) {
      CheckInside(input, *string);
    }
    const auto items = nodespan::events::ReadApiItems(api->body.text);
    for (const ApiItem& item : items.ok() ? *items : std::vector<ApiItem>()) {
      CheckInside(input, {item.key, false});
      CheckInside(input, {item.value, false});
    }
  } else if (const auto* kafka = std::get_if<KafkaEvent>(&*event)) {
    for (const EventString* string : {&kafka->topic, &kafka->key, &kafka->group, &kafka->client_id, &kafka->broker}) {
      CheckInside(input, *string);
    }
    if (kafka->error) {
      CheckInside(input, kafka->error->message);
    }
    CheckInside(input, EventString{kafka->links.bytes()});
    for (size_t i = 0; i < kafka->links.size(); ++i) {
      (void)kafka->links.At(i);
    }
  }
  return 0;
}
