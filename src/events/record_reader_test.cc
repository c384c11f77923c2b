// SPDX-License-Identifier: Apache-2.0
#include "events/record_reader.h"

#include <string>

#include "base/errors.h"
#include "events/captured_headers.h"
#include "events/record_builder.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace nodespan::events {
namespace {

using testing::DatabaseRecordBuilder;
using ::testing::HasSubstr;
using testing::HttpClientRecordBuilder;
using testing::HttpServerRecordBuilder;
using testing::KafkaRecordBuilder;
using testing::RedisRecordBuilder;

HttpServerEvent ReadHttp(const std::vector<std::byte>& bytes) {
  absl::StatusOr<Event> event = ReadRecord(bytes);
  EXPECT_TRUE(event.ok()) << event.status();
  return event.ok() ? std::get<HttpServerEvent>(*event) : HttpServerEvent{};
}

TEST(RecordReaderTest, ReadsEveryFieldOfAGrpcRecord) {
  testing::GrpcRecordBuilder record(NS_RECORD_GRPC_SERVER);
  record.Code(12, "unknown method").Set(NS_GRPC_TRACESTATE, "k=v", /*cut=*/true);
  record.fixed.present |= NS_GRPC_UNREGISTERED;
  const std::vector<std::byte> bytes = record.Bytes();
  const absl::StatusOr<Event> event = ReadRecord(bytes);
  ASSERT_TRUE(event.ok()) << event.status();
  const auto& grpc = std::get<GrpcEvent>(*event);
  EXPECT_EQ(grpc.side, GrpcSide::kServer);
  EXPECT_EQ(grpc.code, 12u);
  EXPECT_TRUE(grpc.unregistered);
  EXPECT_FALSE(grpc.failed);
  EXPECT_FALSE(grpc.error_type_vaddr.has_value());
  ASSERT_TRUE(grpc.peer.has_value());
  EXPECT_EQ(grpc.peer->port, 50051);
  EXPECT_EQ(grpc.method.text, "/shop.Cart/Add");
  EXPECT_EQ(grpc.target.text, "cart.example:50051");
  EXPECT_EQ(grpc.message.text, "unknown method");
  EXPECT_TRUE(grpc.tracestate.cut);
}

TEST(RecordReaderTest, ReadsCapturedHeadersOneByOne) {
  HttpServerRecordBuilder record;
  record.Set(NS_HTTP_CAPTURED, testing::CapturedItem(0, "one") + testing::CapturedItem(0, "") +
                                   testing::CapturedItem(7, "long", /*cut=*/true));
  const std::vector<std::byte> bytes = record.Bytes();
  CapturedHeaders headers(ReadHttp(bytes).captured);
  const auto first = headers.Next();
  const auto second = headers.Next();
  const auto third = headers.Next();
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(first->name, 0U);
  EXPECT_EQ(first->value.text, "one");
  EXPECT_EQ(second->value.text, "");
  EXPECT_EQ(third->name, 7U);
  EXPECT_EQ(third->value.text, "long");
  EXPECT_TRUE(third->value.cut);
  EXPECT_FALSE(headers.Next().has_value());
}

TEST(RecordReaderTest, RefusesMalformedCapturedHeaders) {
  const std::string item = testing::CapturedItem(1, "value");
  for (const std::string& bad : {item.substr(0, 3), item.substr(0, item.size() - 1), item + "x",
                                 testing::CapturedItem(NS_CAPTURED_NAMES, "value")}) {
    HttpServerRecordBuilder http;
    http.Set(NS_HTTP_CAPTURED, bad);
    EXPECT_THAT(ReadRecord(http.Bytes()).status().message(), HasSubstr("captured headers"));
    testing::GrpcRecordBuilder grpc(NS_RECORD_GRPC_SERVER);
    grpc.Set(NS_GRPC_CAPTURED, bad);
    EXPECT_THAT(ReadRecord(grpc.Bytes()).status().message(), HasSubstr("captured headers"));
  }
}

TEST(RecordReaderTest, LeavesOutWhatAGrpcRecordDoesNotHave) {
  testing::GrpcRecordBuilder record;
  record.fixed.present = NS_GRPC_FAILED;
  record.fixed.error_type_vaddr = 0x4711;
  record.fixed.peer.ip_bytes = 0;
  const std::vector<std::byte> bytes = record.Bytes();
  const absl::StatusOr<Event> event = ReadRecord(bytes);
  ASSERT_TRUE(event.ok()) << event.status();
  const auto& grpc = std::get<GrpcEvent>(*event);
  EXPECT_EQ(grpc.side, GrpcSide::kClient);
  EXPECT_FALSE(grpc.code.has_value());
  EXPECT_TRUE(grpc.failed);
  EXPECT_EQ(grpc.error_type_vaddr, 0x4711u);
  EXPECT_FALSE(grpc.peer.has_value());
}

void ExpectMalformed(const std::vector<std::byte>& bytes, std::string_view message) {
  const absl::StatusOr<Event> event = ReadRecord(bytes);
  EXPECT_EQ(event.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(base::Message(event.status())), HasSubstr(std::string(message)));
}

TEST(RecordReaderTest, ReadsEveryFieldOfAnHttpServerRecord) {
  HttpServerRecordBuilder record;
  record.fixed.header.parent_span_id[7] = 9;
  record.fixed.header.flags = NS_SPAN_REMOTE_PARENT;
  record.fixed.request_body_bytes = 17;
  record.fixed.is_tls = 1;
  record.Set(NS_HTTP_FORWARDED, "for=a").Set(NS_HTTP_X_FORWARDED_FOR, "b").Set(NS_HTTP_X_FORWARDED_HOST, "c");
  record.Set(NS_HTTP_X_FORWARDED_PROTO, "https").Set(NS_HTTP_TRACESTATE, "k=v", /*cut=*/true);
  const std::vector<std::byte> bytes = record.Bytes();
  const HttpServerEvent event = ReadHttp(bytes);

  EXPECT_EQ(event.header.target_slot, 3u);
  EXPECT_EQ(event.header.target_generation, 7u);
  EXPECT_EQ(event.header.start_mono_ns, 1'000'000u);
  EXPECT_EQ(event.header.end_mono_ns, 3'500'000u);
  EXPECT_EQ(event.header.trace_id[15], 0xaa);
  EXPECT_EQ(event.header.span_id[0], 0xbb);
  EXPECT_EQ(event.header.parent_span_id[7], 9);
  EXPECT_EQ(event.header.trace_flags, 1);
  EXPECT_TRUE(event.header.has_remote_parent);
  EXPECT_EQ(event.outcome, HttpOutcome::kHandled);
  EXPECT_EQ(event.status, 200);
  EXPECT_EQ(event.request_body_bytes, 17);
  EXPECT_EQ(event.response_body_bytes, 1234);
  EXPECT_EQ(event.is_tls, true);
  EXPECT_EQ(event.version, (HttpVersion{1, 1}));
  EXPECT_EQ(event.method.text, "GET");
  EXPECT_EQ(event.uri.text, "/users/42?verbose=1");
  EXPECT_EQ(event.host.text, "shop.example:8080");
  EXPECT_EQ(event.remote_addr.text, "10.0.0.7:51234");
  EXPECT_EQ(event.user_agent.text, "curl/8.5.0");
  EXPECT_EQ(event.forwarded.text, "for=a");
  EXPECT_EQ(event.x_forwarded_for.text, "b");
  EXPECT_EQ(event.x_forwarded_host.text, "c");
  EXPECT_EQ(event.x_forwarded_proto.text, "https");
  EXPECT_EQ(event.tracestate.text, "k=v");
  EXPECT_EQ(event.pattern.text, "GET /users/{id}");
  EXPECT_TRUE(event.tracestate.cut);
  EXPECT_FALSE(event.uri.cut);
}

TEST(RecordReaderTest, FieldsWithoutPresenceBitAreAbsent) {
  HttpServerRecordBuilder record;
  record.fixed.present = 0;
  const std::vector<std::byte> bytes = record.Bytes();
  const HttpServerEvent event = ReadHttp(bytes);
  EXPECT_EQ(event.status, std::nullopt);
  EXPECT_EQ(event.request_body_bytes, std::nullopt);
  EXPECT_EQ(event.response_body_bytes, std::nullopt);
  EXPECT_EQ(event.is_tls, std::nullopt);
  EXPECT_EQ(event.version, std::nullopt);
}

TEST(RecordReaderTest, UnknownContentLengthIsAbsent) {
  HttpServerRecordBuilder record;
  record.fixed.request_body_bytes = -1;
  EXPECT_EQ(ReadHttp(record.Bytes()).request_body_bytes, std::nullopt);
}

TEST(RecordReaderTest, AcceptsRingPaddingBehindTheRecordAndAnyAlignment) {
  std::vector<std::byte> bytes = HttpServerRecordBuilder().Bytes();
  bytes.resize(bytes.size() + 7, std::byte{0xff});
  bytes.insert(bytes.begin(), std::byte{0});
  const absl::StatusOr<Event> event = ReadRecord(std::span(bytes).subspan(1));
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(std::get<HttpServerEvent>(*event).pattern.text, "GET /users/{id}");
}

TEST(RecordReaderTest, EndBeforeStartIsClampedToStart) {
  HttpServerRecordBuilder record;
  record.fixed.header.end_mono_ns = record.fixed.header.start_mono_ns - 5;
  EXPECT_EQ(ReadHttp(record.Bytes()).header.end_mono_ns, record.fixed.header.start_mono_ns);
}

TEST(RecordReaderTest, NumbersAboutSamplingAreThereWithTheirMark) {
  HttpServerRecordBuilder record;
  EXPECT_EQ(ReadHttp(record.Bytes()).header.ot, OtSampling{});
  record.fixed.header.ot = {.threshold = NS_OT_PRESENT, .randomness = NS_OT_PRESENT | NS_OT_MASK};
  EXPECT_EQ(ReadHttp(record.Bytes()).header.ot, (OtSampling{.threshold = 0, .randomness = NS_OT_MASK}));
}

TEST(RecordReaderTest, RemoteFlagWithoutParentMeansNothing) {
  HttpServerRecordBuilder record;
  record.fixed.header.flags = NS_SPAN_REMOTE_PARENT;
  EXPECT_FALSE(ReadHttp(record.Bytes()).header.has_remote_parent);
}

TEST(RecordReaderTest, EveryTruncationIsMalformed) {
  const std::vector<std::byte> bytes = HttpServerRecordBuilder().Bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    // A heap copy of exactly that size, so that a sanitizer sees any read behind it.
    const std::vector<std::byte> head(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(ReadRecord(head).status().code(), absl::StatusCode::kDataLoss) << size << " bytes";
  }
}

TEST(RecordReaderTest, RejectsAnotherAbiVersion) {
  HttpServerRecordBuilder record;
  record.fixed.header.abi_version = NODESPAN_ABI_VERSION + 1;
  ExpectMalformed(record.Bytes(),
                  fmt::format("ABI version {}, {} expected", NODESPAN_ABI_VERSION + 1, NODESPAN_ABI_VERSION));
}

TEST(RecordReaderTest, RejectsAnUnknownType) {
  HttpServerRecordBuilder record;
  record.fixed.header.type = 99;
  ExpectMalformed(record.Bytes(), "unknown type 99");
}

TEST(RecordReaderTest, RejectsASizeSmallerThanItsHeader) {
  std::vector<std::byte> bytes = HttpServerRecordBuilder().Bytes();
  const uint32_t size = 8;
  std::memcpy(bytes.data(), &size, sizeof(size));
  ExpectMalformed(bytes, "says 8 bytes");
}

TEST(RecordReaderTest, RejectsAllZeroIds) {
  HttpServerRecordBuilder no_trace;
  std::memset(no_trace.fixed.header.trace_id, 0, 16);
  ExpectMalformed(no_trace.Bytes(), "all-zero");
  HttpServerRecordBuilder no_span;
  std::memset(no_span.fixed.header.span_id, 0, 8);
  ExpectMalformed(no_span.Bytes(), "all-zero");
}

TEST(RecordReaderTest, RejectsOutcomesAndStatusesThatDoNotExist) {
  HttpServerRecordBuilder record;
  record.fixed.outcome = 0;
  ExpectMalformed(record.Bytes(), "outcome 0");
  record.fixed.outcome = NS_HTTP_HIJACKED + 1;
  ExpectMalformed(record.Bytes(), "outcome 4");
  record.fixed.outcome = NS_HTTP_HANDLED;
  record.fixed.status = 99;
  ExpectMalformed(record.Bytes(), "status 99");
  record.fixed.status = 1000;
  ExpectMalformed(record.Bytes(), "status 1000");
}

TEST(RecordReaderTest, RouteComesWithItsRouter) {
  HttpServerRecordBuilder record;
  EXPECT_EQ(ReadHttp(record.Bytes()).route_source, RouteSource::kServeMux);
  record.fixed.route_source = NS_ROUTE_GORILLA;
  EXPECT_EQ(ReadHttp(record.Bytes()).route_source, RouteSource::kGorilla);
  record.fixed.route_source = NS_ROUTE_FIBER;
  EXPECT_EQ(ReadHttp(record.Bytes()).route_source, RouteSource::kFiber);
  record.fixed.route_source = NS_ROUTE_SOURCE_COUNT;
  ExpectMalformed(record.Bytes(), "route source 7");
}

TEST(RecordReaderTest, AClientRecordTellsItsLibrary) {
  HttpClientRecordBuilder record;
  record.fixed.library = NS_HTTP_FASTHTTP;
  const std::vector<std::byte> bytes = record.Bytes();
  const absl::StatusOr<Event> event = ReadRecord(bytes);
  ASSERT_TRUE(event.ok()) << event.status();
  EXPECT_EQ(std::get<HttpClientEvent>(*event).library, HttpLibrary::kFasthttp);
  record.fixed.library = NS_HTTP_LIBRARY_COUNT;
  ExpectMalformed(record.Bytes(), "library 2");
}

TEST(RecordReaderTest, AServerRecordTellsItsLibraryAndPeer) {
  HttpServerRecordBuilder record;
  EXPECT_EQ(ReadHttp(record.Bytes()).library, HttpLibrary::kNetHttp);
  EXPECT_FALSE(ReadHttp(record.Bytes()).peer.has_value());
  record.fixed.library = NS_HTTP_FASTHTTP;
  record.fixed.peer = {.ip = {10, 0, 0, 9}, .port = 51234, .ip_bytes = 4, .pad = {}};
  const std::vector<std::byte> bytes = record.Bytes();
  const HttpServerEvent event = ReadHttp(bytes);
  EXPECT_EQ(event.library, HttpLibrary::kFasthttp);
  ASSERT_TRUE(event.peer.has_value());
  EXPECT_EQ(event.peer->ip[3], 9);
  EXPECT_EQ(event.peer->port, 51234);
  record.fixed.library = NS_HTTP_LIBRARY_COUNT;
  ExpectMalformed(record.Bytes(), "library 2");
}

TEST(RecordReaderTest, RejectsStringsThatDoNotAddUp) {
  HttpServerRecordBuilder too_long;
  too_long.Set(NS_HTTP_METHOD, std::string(NS_HTTP_MAX_METHOD + 1, 'A'));
  ExpectMalformed(too_long.Bytes(), "string 0 has 17 bytes, at most 16");

  std::vector<std::byte> behind = HttpServerRecordBuilder().Bytes();
  uint16_t pattern_bytes = 100;
  std::memcpy(behind.data() + offsetof(ns_record_header, string_bytes) + 2 * NS_HTTP_PATTERN, &pattern_bytes, 2);
  ExpectMalformed(behind, "string 11 ends behind the record");

  std::vector<std::byte> surplus = HttpServerRecordBuilder().Bytes();
  pattern_bytes = 1;
  std::memcpy(surplus.data() + offsetof(ns_record_header, string_bytes) + 2 * NS_HTTP_PATTERN, &pattern_bytes, 2);
  ExpectMalformed(surplus, "14 bytes behind the last string");
}

HttpClientEvent ReadClient(const std::vector<std::byte>& bytes) {
  absl::StatusOr<Event> event = ReadRecord(bytes);
  EXPECT_TRUE(event.ok()) << event.status();
  return event.ok() ? std::get<HttpClientEvent>(*event) : HttpClientEvent{};
}

TEST(RecordReaderTest, ReadsEveryFieldOfAnHttpClientRecord) {
  HttpClientRecordBuilder record;
  record.fixed.resend_count = 3;
  record.fixed.present |= NS_CLIENT_HAS_USER_INFO | NS_CLIENT_PATH_IS_RAW;
  record.Set(NS_CLIENT_OPAQUE, "//x").Set(NS_CLIENT_ERROR, "EOF", /*cut=*/true);
  const std::vector<std::byte> bytes = record.Bytes();
  const HttpClientEvent event = ReadClient(bytes);
  EXPECT_EQ(event.header.target_slot, 3u);
  EXPECT_EQ(event.status, 201);
  EXPECT_EQ(event.request_body_bytes, 17);
  EXPECT_EQ(event.response_body_bytes, 42);
  EXPECT_EQ(event.version, (HttpVersion{1, 1}));
  ASSERT_TRUE(event.peer.has_value());
  EXPECT_EQ(event.peer->ip_bytes, 4);
  EXPECT_EQ(event.peer->ip[3], 9);
  EXPECT_EQ(event.peer->port, 8443);
  EXPECT_FALSE(event.failed);
  EXPECT_FALSE(event.panicked);
  EXPECT_EQ(event.error_type_vaddr, std::nullopt);
  EXPECT_EQ(event.resend_count, 3);
  EXPECT_TRUE(event.has_user_info);
  EXPECT_TRUE(event.path_is_raw);
  EXPECT_EQ(event.method.text, "POST");
  EXPECT_EQ(event.scheme.text, "https");
  EXPECT_EQ(event.host.text, "api.example:8443");
  EXPECT_EQ(event.opaque.text, "//x");
  EXPECT_EQ(event.path.text, "/orders");
  EXPECT_EQ(event.query.text, "dry=1");
  EXPECT_EQ(event.error.text, "EOF");
  EXPECT_TRUE(event.error.cut);
}

TEST(RecordReaderTest, AFailedHttpClientRecordHasAnErrorAndNoAnswer) {
  HttpClientRecordBuilder record;
  record.fixed.present = NS_CLIENT_FAILED | NS_CLIENT_PANICKED;
  record.fixed.error_type_vaddr = 0x4711;
  record.fixed.peer.ip_bytes = 0;
  const HttpClientEvent event = ReadClient(record.Bytes());
  EXPECT_TRUE(event.failed);
  EXPECT_TRUE(event.panicked);
  EXPECT_EQ(event.error_type_vaddr, 0x4711u);
  EXPECT_EQ(event.status, std::nullopt);
  EXPECT_EQ(event.version, std::nullopt);
  EXPECT_FALSE(event.peer.has_value());
  EXPECT_EQ(event.request_body_bytes, std::nullopt);
  EXPECT_EQ(event.response_body_bytes, std::nullopt);
}

TEST(RecordReaderTest, WhatAServerInventsAsStatusIsLeftOut) {
  HttpClientRecordBuilder record;
  record.fixed.status = 7;
  EXPECT_EQ(ReadClient(record.Bytes()).status, std::nullopt);
}

TEST(RecordReaderTest, SizesThatAreNotKnownAreAbsentInHttpClientRecords) {
  HttpClientRecordBuilder record;
  record.fixed.request_body_bytes = 0;  // no body, or one of unknown length
  record.fixed.response_body_bytes = -1;
  const HttpClientEvent event = ReadClient(record.Bytes());
  EXPECT_EQ(event.request_body_bytes, std::nullopt);
  EXPECT_EQ(event.response_body_bytes, std::nullopt);
}

TEST(RecordReaderTest, EveryTruncationOfAnHttpClientRecordIsMalformed) {
  const std::vector<std::byte> bytes = HttpClientRecordBuilder().Bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<std::byte> head(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(ReadRecord(head).status().code(), absl::StatusCode::kDataLoss) << size << " bytes";
  }
}

DatabaseEvent ReadDatabaseEvent(const std::vector<std::byte>& bytes) {
  absl::StatusOr<Event> event = ReadRecord(bytes);
  EXPECT_TRUE(event.ok()) << event.status();
  return event.ok() ? std::get<DatabaseEvent>(*event) : DatabaseEvent{};
}

TEST(RecordReaderTest, ReadsEveryFieldOfADatabaseRecord) {
  DatabaseRecordBuilder record;
  record.Set(NS_DB_QUERY, "SELECT 1", /*cut=*/true);
  const std::vector<std::byte> bytes = record.Bytes();
  const DatabaseEvent event = ReadDatabaseEvent(bytes);
  EXPECT_EQ(event.operation, DatabaseOperation::kQuery);
  EXPECT_EQ(event.driver_type_vaddr, 0x5000u);
  EXPECT_EQ(event.query.text, "SELECT 1");
  EXPECT_TRUE(event.query.cut);
  EXPECT_EQ(event.server_address.text, "db.example");
  EXPECT_EQ(event.server_port, 5433);
  EXPECT_EQ(event.database.text, "shop");
  EXPECT_FALSE(event.error.has_value());
  EXPECT_FALSE(event.pool_wait_ns.has_value());
}

TEST(RecordReaderTest, ASqlRecordTellsHowLongTheCallWaitedForAConnection) {
  DatabaseRecordBuilder record;
  record.fixed.pool_wait_ns = 40'000'000;
  EXPECT_EQ(ReadDatabaseEvent(record.Bytes()).pool_wait_ns, 40'000'000u);
}

TEST(RecordReaderTest, AFailedSqlRecordHasItsError) {
  DatabaseRecordBuilder record;
  record.fixed.present = NS_DB_FAILED | NS_DB_HAS_ERROR_NUMBER;
  record.fixed.error_type_vaddr = 0x6000;
  record.fixed.error_number = 1062;
  record.Set(NS_DB_CODE, "23505").Set(NS_DB_MESSAGE, "duplicate");
  const std::vector<std::byte> bytes = record.Bytes();
  const DatabaseEvent event = ReadDatabaseEvent(bytes);
  ASSERT_TRUE(event.error.has_value());
  EXPECT_EQ(event.error->type_vaddr, 0x6000u);
  EXPECT_EQ(event.error->number, 1062u);
  EXPECT_EQ(event.error->code.text, "23505");
  EXPECT_EQ(event.error->message.text, "duplicate");
  EXPECT_FALSE(event.error->is_panic);
  EXPECT_EQ(event.server_port, std::nullopt);
}

TEST(RecordReaderTest, EveryDatabaseOperationIsRead) {
  const DatabaseOperation expected[] = {DatabaseOperation::kQuery,           DatabaseOperation::kExec,
                                        DatabaseOperation::kPreparedQuery,   DatabaseOperation::kPreparedExec,
                                        DatabaseOperation::kBegin,           DatabaseOperation::kCommit,
                                        DatabaseOperation::kRollback,        DatabaseOperation::kPing,
                                        DatabaseOperation::kCommand,         DatabaseOperation::kPipeline,
                                        DatabaseOperation::kClusterPipeline, DatabaseOperation::kPrepare,
                                        DatabaseOperation::kBatch,           DatabaseOperation::kCopy};
  DatabaseRecordBuilder record;
  for (uint8_t i = 1; i < NS_DB_OP_COUNT; ++i) {
    record.fixed.operation = i;
    EXPECT_EQ(ReadDatabaseEvent(record.Bytes()).operation, expected[i - 1]) << int{i};
  }
  record.fixed.operation = NS_DB_OP_COUNT;
  ExpectMalformed(record.Bytes(), "operation 15");
  record.fixed.operation = 0;
  ExpectMalformed(record.Bytes(), "operation 0");
}

TEST(RecordReaderTest, ReadsTheCommandsOfRedis) {
  RedisRecordBuilder record({{"set", 2}, {"", 0}, {"get", 1}});
  record.fixed.operation = NS_DB_OP_PIPELINE;
  record.fixed.batch_size = 40;
  const std::vector<std::byte> bytes = record.Bytes();
  const DatabaseEvent event = ReadDatabaseEvent(bytes);
  EXPECT_EQ(event.library, DatabaseLibrary::kRedis);
  EXPECT_EQ(event.batch_size, 40U);
  EXPECT_EQ(event.database_index, 3U);
  EXPECT_TRUE(event.query.empty());
  RedisCommands commands = event.commands;
  const std::optional<RedisCommand> set = commands.Next();
  ASSERT_TRUE(set.has_value());
  EXPECT_EQ(set->name, "set");
  EXPECT_EQ(set->argument_count, 2);
  EXPECT_EQ(commands.Next()->name, "");
  EXPECT_EQ(commands.Next()->name, "get");
  EXPECT_FALSE(commands.Next().has_value());
}

TEST(RecordReaderTest, CommandsOfRedisThatEndTooLateAreMalformed) {
  RedisRecordBuilder record({{"set", 2}});
  record.Set(NS_DB_QUERY, std::string("\x03\x01ge", 4));
  ExpectMalformed(record.Bytes(), "a command ends behind");
  record.Set(NS_DB_QUERY, std::string("\x00\x01\x01", 3));
  ExpectMalformed(record.Bytes(), "a command ends behind");
  record.fixed.library = NS_DB_LIBRARY_COUNT;
  ExpectMalformed(record.Bytes(), "library 4");
}

TEST(RecordReaderTest, EveryTruncationOfADatabaseRecordIsMalformed) {
  const std::vector<std::byte> bytes = DatabaseRecordBuilder().Bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<std::byte> head(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(ReadRecord(head).status().code(), absl::StatusCode::kDataLoss) << size << " bytes";
  }
}

KafkaEvent ReadKafkaEvent(const std::vector<std::byte>& bytes) {
  absl::StatusOr<Event> event = ReadRecord(bytes);
  EXPECT_TRUE(event.ok()) << event.status();
  return event.ok() ? std::get<KafkaEvent>(*event) : KafkaEvent{};
}

TEST(RecordReaderTest, ReadsEveryFieldOfAKafkaRecord) {
  KafkaRecordBuilder record(NS_KAFKA_PROCESS);
  record.fixed.present |= NS_KAFKA_TOMBSTONE;
  record.fixed.dropped_links = 3;
  record.Set(NS_KAFKA_CLIENT_ID, "billing-1", /*cut=*/true).Link(1, 2, 1).Link(3, 4, 2);
  const std::vector<std::byte> bytes = record.Bytes();
  const KafkaEvent event = ReadKafkaEvent(bytes);
  EXPECT_EQ(event.operation, KafkaOperation::kProcess);
  EXPECT_EQ(event.message_count, 1u);
  EXPECT_EQ(event.topic.text, "orders");
  EXPECT_EQ(event.key.text, "customer-7");
  EXPECT_EQ(event.group.text, "billing");
  EXPECT_EQ(event.broker.text, "kafka.example:9093");
  EXPECT_EQ(event.client_id.text, "billing-1");
  EXPECT_TRUE(event.client_id.cut);
  EXPECT_TRUE(event.is_tombstone);
  EXPECT_EQ(event.library, KafkaLibrary::kKafkaGo);
  EXPECT_EQ(event.partition, 2);
  EXPECT_EQ(event.offset, 4711);
  ASSERT_EQ(event.links.size(), 2u);
  EXPECT_EQ(event.links.At(1).trace_id[15], 3);
  EXPECT_EQ(event.links.At(1).span_id[7], 4);
  EXPECT_EQ(event.links.At(1).trace_flags, 2);
  EXPECT_EQ(event.dropped_links, 3u);
  EXPECT_FALSE(event.error.has_value());
}

TEST(RecordReaderTest, AFailedKafkaRecordHasItsError) {
  KafkaRecordBuilder record;
  record.fixed.present = NS_KAFKA_FAILED | NS_KAFKA_HAS_CODE;
  record.fixed.error_type_vaddr = 0x4711;
  record.fixed.error_code = -1;
  record.Set(NS_KAFKA_MESSAGE, "context canceled");
  std::vector<std::byte> bytes = record.Bytes();
  KafkaEvent event = ReadKafkaEvent(bytes);
  EXPECT_EQ(event.operation, KafkaOperation::kSend);
  EXPECT_FALSE(event.partition.has_value());
  EXPECT_FALSE(event.offset.has_value());
  ASSERT_TRUE(event.error.has_value());
  EXPECT_EQ(event.error->type_vaddr, 0x4711u);
  EXPECT_EQ(event.error->code, -1);
  EXPECT_EQ(event.error->message.text, "context canceled");
  EXPECT_FALSE(event.error->is_panic);

  record.fixed.present = NS_KAFKA_FAILED | NS_KAFKA_PANICKED;
  bytes = record.Bytes();
  event = ReadKafkaEvent(bytes);
  ASSERT_TRUE(event.error.has_value());
  EXPECT_TRUE(event.error->is_panic);
  EXPECT_FALSE(event.error->code.has_value());
}

TEST(RecordReaderTest, AKafkaRecordOfSaramaMayHaveAPartitionWithoutAnOffset) {
  KafkaRecordBuilder record;
  record.fixed.library = NS_KAFKA_LIBRARY_SARAMA;
  record.fixed.present = NS_KAFKA_HAS_PARTITION;
  record.fixed.partition = 7;
  const std::vector<std::byte> bytes = record.Bytes();
  const KafkaEvent event = ReadKafkaEvent(bytes);
  EXPECT_EQ(event.library, KafkaLibrary::kSarama);
  EXPECT_EQ(event.partition, 7);
  EXPECT_FALSE(event.offset.has_value());
}

TEST(RecordReaderTest, RejectsKafkaRecordsOfNoOperationOrLibraryAndWithBrokenLinks) {
  KafkaRecordBuilder unknown_library;
  unknown_library.fixed.library = NS_KAFKA_LIBRARY_COUNT;
  EXPECT_EQ(ReadRecord(unknown_library.Bytes()).status().code(), absl::StatusCode::kDataLoss);
  for (const uint8_t operation : {uint8_t{0}, uint8_t{NS_KAFKA_OP_COUNT}, uint8_t{255}}) {
    KafkaRecordBuilder record;
    record.fixed.operation = operation;
    EXPECT_EQ(ReadRecord(record.Bytes()).status().code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_THAT(
      std::string(ReadRecord(KafkaRecordBuilder().Set(NS_KAFKA_LINKS, "half a link").Bytes()).status().message()),
      HasSubstr("11 bytes of links"));
  for (const KafkaRecordBuilder& record : {KafkaRecordBuilder().Link(0, 1, 1), KafkaRecordBuilder().Link(1, 0, 1)}) {
    EXPECT_THAT(std::string(ReadRecord(record.Bytes()).status().message()), HasSubstr("link 0 has an all-zero id"));
  }
}

TEST(RecordReaderTest, EveryTruncationOfAKafkaRecordIsMalformed) {
  const std::vector<std::byte> bytes = KafkaRecordBuilder(NS_KAFKA_RECEIVE).Link(1, 2, 1).Bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ReadRecord(std::span(bytes).first(size)).status().code(), absl::StatusCode::kDataLoss) << size;
  }
}

TEST(PanicRecordTest, HasItsValueAndItsStack) {
  const std::vector<std::byte> bytes = testing::PanicRecordBuilder().Bytes();
  const absl::StatusOr<Event> event = ReadRecord(bytes);
  ASSERT_TRUE(event.ok()) << event.status();
  const auto& panic = std::get<PanicEvent>(*event);
  EXPECT_EQ(panic.type_vaddr, 0x7000U);
  EXPECT_EQ(panic.goroutine, 17U);
  EXPECT_EQ(panic.value_bytes, 32);
  EXPECT_EQ(panic.return_vaddrs, (std::vector<uint64_t>{0x401020, 0x401040}));
  EXPECT_EQ(panic.text.text, "out of luck");
  EXPECT_FALSE(panic.text.cut);
}

TEST(PanicRecordTest, OfNilAndWithoutAStackIsValid) {
  testing::PanicRecordBuilder builder;
  builder.fixed.type_vaddr = 0;
  builder.fixed.goid = 0;
  builder.fixed.value_bytes = 0;
  builder.SetFrames({}).Set(NS_PANIC_TEXT, "");
  const std::vector<std::byte> bytes = builder.Bytes();
  const absl::StatusOr<Event> event = ReadRecord(bytes);
  ASSERT_TRUE(event.ok()) << event.status();
  const auto& panic = std::get<PanicEvent>(*event);
  EXPECT_FALSE(panic.type_vaddr.has_value());
  EXPECT_FALSE(panic.goroutine.has_value());
  EXPECT_TRUE(panic.return_vaddrs.empty());
}

TEST(PanicRecordTest, ThatContradictsItselfIsMalformed) {
  testing::PanicRecordBuilder long_value;
  long_value.fixed.value_bytes = 33;
  EXPECT_EQ(ReadRecord(long_value.Bytes()).status().code(), absl::StatusCode::kDataLoss);
  testing::PanicRecordBuilder half_frame;
  half_frame.Set(NS_PANIC_FRAMES, "1234567");
  EXPECT_EQ(ReadRecord(half_frame.Bytes()).status().code(), absl::StatusCode::kDataLoss);
  testing::PanicRecordBuilder long_stack;
  long_stack.Set(NS_PANIC_FRAMES, std::string(8 * (NS_PANIC_MAX_FRAMES + 1), 'x'));
  EXPECT_EQ(ReadRecord(long_stack.Bytes()).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace nodespan::events
