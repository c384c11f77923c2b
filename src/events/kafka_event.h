// SPDX-License-Identifier: Apache-2.0
// One operation of a library for Kafka, as the kernel side reports it. A value: the strings are views into the record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "events/event_base.h"

namespace nodespan::events {

enum class KafkaLibrary : uint8_t {
  kKafkaGo,  // segmentio/kafka-go
  kSarama,   // IBM/sarama, also under its old path Shopify/sarama
};

enum class KafkaOperation : uint8_t {
  kSend,     // a call that sends messages, whatever their number
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
  std::optional<int64_t> code;  // Kafka's own, when it is a kafka.Error or sarama.KError.
  EventString message;          // Empty: its type does not hold one that can be read.
  bool is_panic = false;        // There is no error: WriteMessages panicked, or runtime.Goexit was called.
};

struct KafkaEvent {
  EventHeader header;
  KafkaLibrary library = KafkaLibrary::kKafkaGo;
  KafkaOperation operation = KafkaOperation::kSend;
  uint32_t message_count = 0;  // 0: a call that got none.
  KafkaLinks links;
  uint32_t dropped_links = 0;        // Contexts for which the record had no room.
  EventString topic;                 // Empty: the messages have several, or it is not known.
  EventString key;                   // Of a single message: any bytes. Empty: there is none, or it is empty.
  bool is_tombstone = false;         // A single message, whose value is nil.
  std::optional<int32_t> partition;  // Where the messages are.
  std::optional<int64_t> offset;     // Of a single message.
  EventString group;
  EventString client_id;
  EventString broker;  // host[:port] of the broker, or what the program was told; empty: it was told several.
  std::optional<KafkaError> error;
};

}  // namespace nodespan::events
