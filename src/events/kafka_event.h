// SPDX-License-Identifier: Apache-2.0
// One operation of segmentio/kafka-go, as the kernel side reports it. A value: the strings are views into the record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "events/event_base.h"

namespace nodespan::events {

enum class KafkaOperation : uint8_t {
  kSend,     // (*Writer).WriteMessages, whatever the number of messages
  kReceive,  // (*Reader).FetchMessage, also as part of ReadMessage
  kProcess,  // what the goroutine did with the message until it came for the next one
};

// The context that a message has brought along.
struct KafkaLink {
  std::array<uint8_t, 16> trace_id{};  // Not all zero.
  std::array<uint8_t, 8> span_id{};    // Not all zero.
  uint8_t trace_flags = 0;
};

// The links of a record, which are read one by one.
class KafkaLinks {
 public:
  KafkaLinks() = default;
  // `bytes`: a whole number of ns_kafka_link.
  explicit KafkaLinks(std::string_view bytes) : bytes_(bytes) {}

  size_t size() const;
  KafkaLink At(size_t index) const;  // index < size()
  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
};

// The error that the call returned: of several the first one, of one that wraps another the inner one.
struct KafkaError {
  uint64_t type_vaddr = 0;      // Descriptor of the concrete Go type; 0: not known.
  std::optional<int64_t> code;  // Kafka's own, when it is a kafka.Error.
  EventString message;          // Empty: its type does not hold one that can be read.
  bool is_panic = false;        // There is no error: WriteMessages panicked, or runtime.Goexit was called.
};

// Where a message is.
struct KafkaPosition {
  int32_t partition = 0;
  int64_t offset = 0;
};

struct KafkaEvent {
  EventHeader header;
  KafkaOperation operation = KafkaOperation::kSend;
  uint32_t message_count = 0;  // 0: a call that got none.
  KafkaLinks links;
  uint32_t dropped_links = 0;             // Contexts for which the record had no room.
  EventString topic;                      // Empty: the messages have several, or it is not known.
  EventString key;                        // Of a single message: any bytes. Empty: there is none, or it is empty.
  bool is_tombstone = false;              // A single message, whose value is nil.
  std::optional<KafkaPosition> position;  // Of a message that was fetched.
  EventString group;
  EventString client_id;
  EventString broker;  // host[:port] that the program was told; empty: it was told several.
  std::optional<KafkaError> error;
};

}  // namespace nodespan::events
