// SPDX-License-Identifier: Apache-2.0
// Builds records as the BPF programs emit them, for tests, benchmarks and fuzz corpora.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/abi/nodespan_abi.h"

namespace nodespan::events::testing {

inline void FillHeader(ns_record_type type, ns_record_header* header) {
  header->type = type;
  header->abi_version = NODESPAN_ABI_VERSION;
  header->target_slot = 3;
  header->target_generation = 7;
  header->start_mono_ns = 1'000'000;
  header->end_mono_ns = 3'500'000;
  std::memset(header->trace_id, 0xaa, sizeof(header->trace_id));
  std::memset(header->span_id, 0xbb, sizeof(header->span_id));
  header->trace_flags = 1;
}

// The strings of a record, by their place in the record's enumeration.
class RecordStrings {
 public:
  void Set(ns_record_header* header, size_t which, std::string_view text, bool cut) {
    strings_[which] = text;
    const auto bit = static_cast<uint16_t>(1U << which);
    header->strings_cut = static_cast<uint16_t>(cut ? header->strings_cut | bit : header->strings_cut & ~bit);
  }

  template <typename Record>
  std::vector<std::byte> Bytes(const Record& fixed) const {
    Record head = fixed;
    std::string tail;
    for (size_t i = 0; i < strings_.size(); ++i) {
      head.header.string_bytes[i] = static_cast<uint16_t>(strings_[i].size());
      tail += strings_[i];
    }
    head.header.size_bytes = static_cast<uint32_t>(sizeof(head) + tail.size());
    std::vector<std::byte> bytes(head.header.size_bytes);
    std::memcpy(bytes.data(), &head, sizeof(head));
    std::memcpy(bytes.data() + sizeof(head), tail.data(), tail.size());
    return bytes;
  }

 private:
  std::array<std::string, NS_RECORD_STRINGS> strings_;
};

// One item of NS_HTTP_CAPTURED and NS_GRPC_CAPTURED.
inline std::string CapturedItem(uint8_t name, std::string_view value, bool cut = false) {
  const ns_captured_item item{.value_bytes = static_cast<uint16_t>(value.size()), .name = name, .cut = cut};
  return std::string(reinterpret_cast<const char*>(&item), sizeof(item)).append(value);
}

// A complete, valid HTTP server record; change `fixed` and the strings at will, then take Bytes().
class HttpServerRecordBuilder {
 public:
  HttpServerRecordBuilder() {
    FillHeader(NS_RECORD_HTTP_SERVER, &fixed.header);
    fixed.present = NS_HTTP_HAS_STATUS | NS_HTTP_HAS_REQUEST_BYTES | NS_HTTP_HAS_RESPONSE_BYTES | NS_HTTP_HAS_TLS |
                    NS_HTTP_HAS_PROTO;
    fixed.status = 200;
    fixed.outcome = NS_HTTP_HANDLED;
    fixed.response_body_bytes = 1234;
    fixed.proto_major = 1;
    fixed.proto_minor = 1;
    fixed.route_source = NS_ROUTE_SERVE_MUX;
    Set(NS_HTTP_METHOD, "GET");
    Set(NS_HTTP_URI, "/users/42?verbose=1");
    Set(NS_HTTP_HOST, "shop.example:8080");
    Set(NS_HTTP_REMOTE_ADDR, "10.0.0.7:51234");
    Set(NS_HTTP_USER_AGENT, "curl/8.5.0");
    Set(NS_HTTP_PATTERN, "GET /users/{id}");
  }

  HttpServerRecordBuilder& Set(ns_http_string which, std::string_view text, bool cut = false) {
    strings_.Set(&fixed.header, which, text, cut);
    return *this;
  }
  std::vector<std::byte> Bytes() const { return strings_.Bytes(fixed); }

  ns_http_server_record fixed{};

 private:
  RecordStrings strings_;
};

// A complete, valid HTTP client record: a POST that was answered.
class HttpClientRecordBuilder {
 public:
  HttpClientRecordBuilder() {
    FillHeader(NS_RECORD_HTTP_CLIENT, &fixed.header);
    fixed.present = NS_HTTP_HAS_STATUS | NS_HTTP_HAS_REQUEST_BYTES | NS_HTTP_HAS_RESPONSE_BYTES | NS_HTTP_HAS_PROTO;
    fixed.status = 201;
    fixed.request_body_bytes = 17;
    fixed.response_body_bytes = 42;
    fixed.proto_major = 1;
    fixed.proto_minor = 1;
    fixed.peer = {.ip = {10, 0, 0, 9}, .port = 8443, .ip_bytes = 4, .pad = {}};
    Set(NS_CLIENT_METHOD, "POST");
    Set(NS_CLIENT_SCHEME, "https");
    Set(NS_CLIENT_HOST, "api.example:8443");
    Set(NS_CLIENT_PATH, "/orders");
    Set(NS_CLIENT_QUERY, "dry=1");
  }

  HttpClientRecordBuilder& Set(ns_http_client_string which, std::string_view text, bool cut = false) {
    strings_.Set(&fixed.header, which, text, cut);
    return *this;
  }
  std::vector<std::byte> Bytes() const { return strings_.Bytes(fixed); }

  ns_http_client_record fixed{};

 private:
  RecordStrings strings_;
};

// A complete, valid database record: a query that succeeded.
class DatabaseRecordBuilder {
 public:
  DatabaseRecordBuilder() {
    FillHeader(NS_RECORD_DATABASE, &fixed.header);
    fixed.operation = NS_DB_OP_QUERY;
    fixed.driver_type_vaddr = 0x5000;
    fixed.present = NS_DB_HAS_PORT;
    fixed.server_port = 5433;
    Set(NS_DB_QUERY, "SELECT name FROM users WHERE id = $1");
    Set(NS_DB_SERVER, "db.example");
    Set(NS_DB_DATABASE, "shop");
  }

  DatabaseRecordBuilder& Set(ns_db_string which, std::string_view text, bool cut = false) {
    strings_.Set(&fixed.header, which, text, cut);
    return *this;
  }
  std::vector<std::byte> Bytes() const { return strings_.Bytes(fixed); }

  ns_database_record fixed{};

 private:
  RecordStrings strings_;
};

// A command of Redis, and how many arguments are behind its name.
struct RedisCommandSpec {
  std::string_view name;
  uint8_t argument_count;
};

// A complete, valid record of Redis: commands that succeeded.
class RedisRecordBuilder : public DatabaseRecordBuilder {
 public:
  explicit RedisRecordBuilder(std::initializer_list<RedisCommandSpec> commands) {
    std::string bytes;
    for (const RedisCommandSpec& command : commands) {
      bytes += static_cast<char>(command.name.size());
      bytes += static_cast<char>(command.argument_count);
      bytes += command.name;
    }
    fixed.library = NS_DB_LIBRARY_REDIS;
    fixed.operation = NS_DB_OP_COMMAND;
    fixed.driver_type_vaddr = 0;
    fixed.present = NS_DB_HAS_INDEX;
    fixed.database_index = 3;
    Set(NS_DB_QUERY, bytes).Set(NS_DB_SERVER, "cache.example:6380").Set(NS_DB_DATABASE, "");
  }
};

// A complete, valid gRPC record: a unary call that succeeded.
class GrpcRecordBuilder {
 public:
  explicit GrpcRecordBuilder(ns_record_type type = NS_RECORD_GRPC_CLIENT) {
    FillHeader(type, &fixed.header);
    fixed.present = NS_GRPC_HAS_CODE;
    fixed.peer = {.ip = {10, 0, 0, 9}, .port = 50051, .ip_bytes = 4, .pad = {}};
    Set(NS_GRPC_METHOD, "/shop.Cart/Add");
    Set(NS_GRPC_TARGET, type == NS_RECORD_GRPC_CLIENT ? "dns:///cart.example:50051" : "cart.example:50051");
  }

  GrpcRecordBuilder& Code(uint32_t code, std::string_view message) {
    fixed.code = code;
    return Set(NS_GRPC_MESSAGE, message);
  }
  GrpcRecordBuilder& Set(ns_grpc_string which, std::string_view text, bool cut = false) {
    strings_.Set(&fixed.header, which, text, cut);
    return *this;
  }
  std::vector<std::byte> Bytes() const { return strings_.Bytes(fixed); }

  ns_grpc_record fixed{};

 private:
  RecordStrings strings_;
};

// A complete, valid record of a call of the OpenTelemetry API: the start of a span without options.
class ApiRecordBuilder {
 public:
  explicit ApiRecordBuilder(ns_api_action action = NS_API_BEGIN) {
    FillHeader(NS_RECORD_API, &fixed.header);
    fixed.action = static_cast<uint8_t>(action);
    if (action == NS_API_BEGIN) {
      Set(NS_API_TEXT, "checkout").Set(NS_API_TRACER, "example.com/shop");
    }
  }

  ApiRecordBuilder& Set(ns_api_string which, std::string_view text, bool cut = false) {
    strings_.Set(&fixed.header, which, text, cut);
    return *this;
  }
  ApiRecordBuilder& Item(ns_api_item_kind kind, std::string_view key, std::string_view value, bool cut = false) {
    const ns_api_item item = {static_cast<uint8_t>(kind), static_cast<uint8_t>(cut ? 1 : 0),
                              static_cast<uint16_t>(key.size()), static_cast<uint16_t>(value.size())};
    items_.append(reinterpret_cast<const char*>(&item), sizeof(item));
    items_.append(key).append(value);
    return Set(NS_API_BODY, items_);
  }
  template <typename Number>
  ApiRecordBuilder& Numbers(ns_api_item_kind kind, std::string_view key, std::initializer_list<Number> numbers) {
    return Item(kind, key, {reinterpret_cast<const char*>(std::data(numbers)), numbers.size() * sizeof(Number)});
  }
  std::vector<std::byte> Bytes() const { return strings_.Bytes(fixed); }

  ns_api_record fixed{};

 private:
  RecordStrings strings_;
  std::string items_;
};

// A complete, valid Kafka record: a message with a key that was sent, or fetched, or worked on, by kafka-go.
class KafkaRecordBuilder {
 public:
  explicit KafkaRecordBuilder(ns_kafka_operation operation = NS_KAFKA_SEND) {
    FillHeader(NS_RECORD_KAFKA, &fixed.header);
    fixed.operation = operation;
    fixed.message_count = 1;
    Set(NS_KAFKA_TOPIC, "orders");
    Set(NS_KAFKA_KEY, "customer-7");
    Set(NS_KAFKA_BROKER, "kafka.example:9093");
    if (operation != NS_KAFKA_SEND) {
      fixed.present = NS_KAFKA_HAS_PARTITION | NS_KAFKA_HAS_OFFSET;
      fixed.partition = 2;
      fixed.offset = 4711;
      Set(NS_KAFKA_GROUP, "billing");
    }
  }

  KafkaRecordBuilder& Link(uint8_t trace_id, uint8_t span_id, uint8_t flags) {
    links_.append(sizeof(ns_kafka_link::trace_id), static_cast<char>(trace_id));
    links_.append(sizeof(ns_kafka_link::span_id), static_cast<char>(span_id));
    links_ += static_cast<char>(flags);
    return Set(NS_KAFKA_LINKS, links_);
  }
  KafkaRecordBuilder& Set(ns_kafka_string which, std::string_view text, bool cut = false) {
    strings_.Set(&fixed.header, which, text, cut);
    return *this;
  }
  std::vector<std::byte> Bytes() const { return strings_.Bytes(fixed); }

  ns_kafka_record fixed{};

 private:
  RecordStrings strings_;
  std::string links_;
};

// A complete, valid panic record: of an error made by errors.New, in a function called by another one.
class PanicRecordBuilder {
 public:
  PanicRecordBuilder() {
    FillHeader(NS_RECORD_PANIC, &fixed.header);
    fixed.header.end_mono_ns = fixed.header.start_mono_ns;
    fixed.type_vaddr = 0x7000;
    fixed.goid = 17;
    fixed.value_bytes = sizeof(fixed.value);
    SetFrames({0x401020, 0x401040});
    Set(NS_PANIC_TEXT, "out of luck");
  }

  PanicRecordBuilder& SetFrames(std::initializer_list<uint64_t> return_vaddrs) {
    std::string bytes;
    for (const uint64_t vaddr : return_vaddrs) {
      bytes.append(reinterpret_cast<const char*>(&vaddr), sizeof(vaddr));
    }
    return Set(NS_PANIC_FRAMES, bytes);
  }
  PanicRecordBuilder& Set(ns_panic_string which, std::string_view text, bool cut = false) {
    strings_.Set(&fixed.header, which, text, cut);
    return *this;
  }
  std::vector<std::byte> Bytes() const { return strings_.Bytes(fixed); }

  ns_panic_record fixed{};

 private:
  RecordStrings strings_;
};

}  // namespace nodespan::events::testing
