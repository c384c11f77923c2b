// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>

#include "absl/utility/utility.h"
#include "base/status_macros.h"
#include "events/record_fields.h"
#include "events/record_types.h"

namespace nodespan::events {
namespace {

constexpr std::string_view kName = "Kafka";

// The strings of the record, before it is known whether there was an error.
struct KafkaStrings {
  EventString links;
  EventString topic;
  EventString key;
  EventString group;
  EventString client_id;
  EventString broker;
  EventString message;
};

constexpr std::array<StringField<KafkaStrings>, NS_KAFKA_STRING_COUNT> kStrings = {{
    {NS_KAFKA_MAX_LINKS, &KafkaStrings::links},
    {NS_KAFKA_MAX_TOPIC, &KafkaStrings::topic},
    {NS_KAFKA_MAX_KEY, &KafkaStrings::key},
    {NS_KAFKA_MAX_GROUP, &KafkaStrings::group},
    {NS_KAFKA_MAX_CLIENT_ID, &KafkaStrings::client_id},
    {NS_KAFKA_MAX_BROKER, &KafkaStrings::broker},
    {NS_KAFKA_MAX_MESSAGE, &KafkaStrings::message},
}};

// By the record's number of the operation; 0 is none.
constexpr std::array<KafkaOperation, NS_KAFKA_OP_COUNT> kOperations = {
    KafkaOperation::kSend, KafkaOperation::kSend, KafkaOperation::kReceive, KafkaOperation::kProcess};

constexpr std::array<KafkaLibrary, NS_KAFKA_LIBRARY_COUNT> kLibraries = {KafkaLibrary::kKafkaGo, KafkaLibrary::kSarama};

bool HasIds(const KafkaLink& link) {
  return link.trace_id != decltype(link.trace_id){} && link.span_id != decltype(link.span_id){};
}

absl::Status CheckLinks(const EventString& links) {
  if (links.text.size() % sizeof(ns_kafka_link) != 0) {
    return Malformed("Kafka record: {} bytes of links", links.text.size());
  }
  const KafkaLinks all(links.text);
  for (size_t i = 0; i < all.size(); ++i) {
    if (!HasIds(all.At(i))) {
      return Malformed("Kafka record: link {} has an all-zero id", i);
    }
  }
  return absl::OkStatus();
}

}  // namespace

size_t KafkaLinks::size() const { return bytes_.size() / sizeof(ns_kafka_link); }

KafkaLink KafkaLinks::At(size_t index) const {
  ns_kafka_link raw;
  std::memcpy(&raw, bytes_.data() + index * sizeof(raw), sizeof(raw));
  KafkaLink link;
  std::memcpy(link.trace_id.data(), raw.trace_id, sizeof(raw.trace_id));
  std::memcpy(link.span_id.data(), raw.span_id, sizeof(raw.span_id));
  link.trace_flags = raw.trace_flags;
  return link;
}

absl::StatusOr<Event> ReadKafka(const EventHeader& header, std::span<const std::byte> record) {
  ns_kafka_record raw;
  NODESPAN_RETURN_IF_ERROR(ReadFixed(kName, record, &raw));
  if (raw.operation == 0 || raw.operation >= NS_KAFKA_OP_COUNT) {
    return Malformed("Kafka record: operation {}", raw.operation);
  }
  if (raw.library >= NS_KAFKA_LIBRARY_COUNT) {
    return Malformed("Kafka record: library {}", raw.library);
  }
  KafkaStrings strings;
  NODESPAN_RETURN_IF_ERROR(ReadStrings(kName, raw.header, record.subspan(sizeof(raw)), kStrings, strings));
  NODESPAN_RETURN_IF_ERROR(CheckLinks(strings.links));
  absl::StatusOr<Event> result(absl::in_place, std::in_place_type<KafkaEvent>);
  auto& event = std::get<KafkaEvent>(*result);
  event.header = header;
  event.library = kLibraries[raw.library];
  event.operation = kOperations[raw.operation];
  event.message_count = raw.message_count;
  event.links = KafkaLinks(strings.links.text);
  event.dropped_links = raw.dropped_links;
  event.topic = strings.topic;
  event.key = strings.key;
  event.is_tombstone = (raw.present & NS_KAFKA_TOMBSTONE) != 0;
  event.group = strings.group;
  event.client_id = strings.client_id;
  event.broker = strings.broker;
  if ((raw.present & NS_KAFKA_HAS_PARTITION) != 0) {
    event.partition = raw.partition;
  }
  if ((raw.present & NS_KAFKA_HAS_OFFSET) != 0) {
    event.offset = raw.offset;
  }
  if ((raw.present & NS_KAFKA_FAILED) != 0) {
    KafkaError& error = event.error.emplace();
    error.type_vaddr = raw.error_type_vaddr;
    error.message = strings.message;
    error.is_panic = (raw.present & NS_KAFKA_PANICKED) != 0;
    if ((raw.present & NS_KAFKA_HAS_CODE) != 0) {
      error.code = raw.error_code;
    }
  }
  return result;
}

}  // namespace nodespan::events
