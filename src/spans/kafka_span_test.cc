// SPDX-License-Identifier: Apache-2.0
#include "spans/kafka_span.h"

#include <memory>
#include <string>
#include <vector>

#include "events/record_builder.h"
#include "events/record_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "spans/span_test_util.h"

namespace nodespan::spans {
namespace {

using events::testing::KafkaRecordBuilder;
using model::SemconvMode;
using model::SpanKind;
using model::StatusCode;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kErrorStringVaddr;
using testing::Lines;
using ::testing::Not;
using ::testing::StartsWith;

model::Span Build(const KafkaRecordBuilder& record, SemconvMode mode = SemconvMode::kNew) {
  static const auto resource = std::make_shared<const model::Resource>();
  static const model::TypeNames types({{kErrorStringVaddr, "*errors.errorString"}});
  const std::vector<std::byte> bytes = record.Bytes();
  const absl::StatusOr<events::Event> event = events::ReadRecord(bytes);
  EXPECT_TRUE(event.ok()) << event.status();
  model::Span span;
  BuildKafkaSpan(std::get<events::KafkaEvent>(*event), mode, resource, &types, testing::FixedWallClock(), span);
  return span;
}

TEST(KafkaSpanTest, DescribesACallThatSendsOneMessage) {
  const model::Span span = Build(KafkaRecordBuilder());
  EXPECT_EQ(span.name, "send orders");
  EXPECT_EQ(span.kind, SpanKind::kProducer);
  EXPECT_EQ(span.status, StatusCode::kUnset);
  EXPECT_EQ(span.scope->name, "nodespan/github.com/segmentio/kafka-go");
  EXPECT_THAT(span.links, IsEmpty());
  EXPECT_THAT(Lines(span),
              ElementsAre("messaging.system=kafka", "messaging.operation.name=send", "messaging.operation.type=send",
                          "messaging.destination.name=orders", "messaging.kafka.message.key=customer-7",
                          "server.address=kafka.example", "server.port=9093"));
}

TEST(KafkaSpanTest, ACallOfSaramaTellsWhereItsMessageIs) {
  KafkaRecordBuilder record;
  record.fixed.library = NS_KAFKA_LIBRARY_SARAMA;
  record.fixed.present = NS_KAFKA_HAS_PARTITION;
  record.fixed.partition = 3;
  const model::Span without_offset = Build(record);
  EXPECT_EQ(without_offset.scope->name, "nodespan/github.com/IBM/sarama");
  EXPECT_EQ(without_offset.name, "send orders");
  EXPECT_THAT(Lines(without_offset), Contains("messaging.destination.partition.id=3"));
  EXPECT_THAT(Lines(without_offset), Not(Contains(StartsWith("messaging.kafka.offset"))));

  record.fixed.present |= NS_KAFKA_HAS_OFFSET;
  record.fixed.offset = 99;
  EXPECT_THAT(Lines(Build(record)), Contains("messaging.kafka.offset=99"));
  const model::Span old = Build(record, SemconvMode::kOld);
  EXPECT_EQ(old.scope->name, "nodespan/github.com/IBM/sarama");
  EXPECT_EQ(old.scope->schema_url, "");
  EXPECT_THAT(Lines(old), Contains("messaging.kafka.destination.partition=3"));
  EXPECT_THAT(Lines(old), Contains("messaging.kafka.message.offset=99"));
}

TEST(KafkaSpanTest, DescribesWhatBecomesOfAFetchedMessage) {
  KafkaRecordBuilder fetched(NS_KAFKA_RECEIVE);
  fetched.Set(NS_KAFKA_CLIENT_ID, "billing-1");
  const model::Span receive = Build(fetched);
  EXPECT_EQ(receive.name, "receive orders");
  EXPECT_EQ(receive.kind, SpanKind::kClient);
  EXPECT_THAT(Lines(receive),
              ElementsAre("messaging.system=kafka", "messaging.operation.name=receive",
                          "messaging.operation.type=receive", "messaging.destination.name=orders",
                          "messaging.destination.partition.id=2", "messaging.kafka.offset=4711",
                          "messaging.kafka.message.key=customer-7", "messaging.consumer.group.name=billing",
                          "messaging.client.id=billing-1", "server.address=kafka.example", "server.port=9093"));
  const model::Span process = Build(KafkaRecordBuilder(NS_KAFKA_PROCESS));
  EXPECT_EQ(process.name, "process orders");
  EXPECT_EQ(process.kind, SpanKind::kConsumer);
  EXPECT_THAT(Lines(process), Contains("messaging.operation.type=process"));
}

TEST(KafkaSpanTest, OldNamesPutTheTopicFirst) {
  const model::Span send = Build(KafkaRecordBuilder(), SemconvMode::kOld);
  EXPECT_EQ(send.name, "orders publish");
  EXPECT_EQ(send.scope->schema_url, "");
  EXPECT_THAT(Lines(send), ElementsAre("messaging.system=kafka", "messaging.operation=publish",
                                       "messaging.destination.name=orders", "messaging.kafka.message.key=customer-7",
                                       "server.address=kafka.example", "server.port=9093"));
  const model::Span receive = Build(KafkaRecordBuilder(NS_KAFKA_RECEIVE), SemconvMode::kOld);
  EXPECT_EQ(receive.name, "orders receive");
  EXPECT_EQ(receive.kind, SpanKind::kConsumer);
  EXPECT_THAT(Lines(receive), Contains("messaging.kafka.destination.partition=2"));
  EXPECT_THAT(Lines(receive), Contains("messaging.kafka.message.offset=4711"));
  EXPECT_THAT(Lines(receive), Contains("messaging.kafka.consumer.group=billing"));
}

TEST(KafkaSpanTest, BothGenerationsTogetherHaveTheNewNameAndKind) {
  const model::Span span = Build(KafkaRecordBuilder(NS_KAFKA_RECEIVE), SemconvMode::kDup);
  EXPECT_EQ(span.name, "receive orders");
  EXPECT_EQ(span.kind, SpanKind::kClient);
  EXPECT_THAT(
      Lines(span),
      ElementsAre("messaging.system=kafka", "messaging.operation.name=receive", "messaging.operation.type=receive",
                  "messaging.operation=receive", "messaging.destination.name=orders",
                  "messaging.destination.partition.id=2", "messaging.kafka.destination.partition=2",
                  "messaging.kafka.offset=4711", "messaging.kafka.message.offset=4711",
                  "messaging.kafka.message.key=customer-7", "messaging.consumer.group.name=billing",
                  "messaging.kafka.consumer.group=billing", "server.address=kafka.example", "server.port=9093"));
}

TEST(KafkaSpanTest, CountsTheMessagesOfABatch) {
  KafkaRecordBuilder record;
  record.fixed.message_count = 250;
  record.Set(NS_KAFKA_KEY, "").Set(NS_KAFKA_TOPIC, "");
  const model::Span span = Build(record);
  EXPECT_EQ(span.name, "send");
  EXPECT_THAT(Lines(span), Contains("messaging.batch.message_count=250"));
  EXPECT_THAT(Lines(span), Not(Contains(StartsWith("messaging.destination.name"))));
}

TEST(KafkaSpanTest, LinksToTheContextsOfTheMessages) {
  KafkaRecordBuilder record;
  record.fixed.dropped_links = 7;
  record.Link(1, 2, 1).Link(3, 4, 0);
  const model::Span span = Build(record);
  ASSERT_EQ(span.links.size(), 2u);
  model::TraceId trace_id;
  trace_id.fill(3);
  model::SpanId span_id;
  span_id.fill(4);
  EXPECT_EQ(span.links[1].trace_id, trace_id);
  EXPECT_EQ(span.links[1].span_id, span_id);
  EXPECT_EQ(span.links[0].flags, 0x301u);
  EXPECT_EQ(span.links[1].flags, 0x300u);
  EXPECT_EQ(span.dropped_links_count, 7u);
}

TEST(KafkaSpanTest, TellsATombstone) {
  KafkaRecordBuilder record;
  record.fixed.present = NS_KAFKA_TOMBSTONE;
  EXPECT_THAT(Lines(Build(record)), Contains("messaging.kafka.message.tombstone=true"));
}

TEST(KafkaSpanTest, NamesKafkasErrorsAndTheTypesOfOthers) {
  KafkaRecordBuilder record;
  record.fixed.present = NS_KAFKA_FAILED | NS_KAFKA_HAS_CODE;
  record.fixed.error_code = 3;
  const model::Span unknown_topic = Build(record);
  EXPECT_EQ(unknown_topic.status, StatusCode::kError);
  EXPECT_EQ(unknown_topic.status_message, "");
  EXPECT_THAT(Lines(unknown_topic), Contains("error.type=UNKNOWN_TOPIC_OR_PARTITION"));
  EXPECT_THAT(Lines(Build(record, SemconvMode::kOld)), Not(Contains(StartsWith("error.type"))));

  record.fixed.present = NS_KAFKA_FAILED;
  record.fixed.error_type_vaddr = kErrorStringVaddr;
  record.Set(NS_KAFKA_MESSAGE, "context canceled");
  const model::Span cancelled = Build(record);
  EXPECT_EQ(cancelled.status_message, "context canceled");
  EXPECT_THAT(Lines(cancelled), Contains("error.type=*errors.errorString"));

  record.fixed.present = NS_KAFKA_FAILED | NS_KAFKA_PANICKED;
  EXPECT_THAT(Lines(Build(record)), Contains("error.type=panic"));
}

TEST(KafkaSpanTest, LeavesOutKeysThatAreNotText) {
  EXPECT_THAT(Lines(Build(KafkaRecordBuilder().Set(NS_KAFKA_KEY, "\xff\xfe"))),
              Not(Contains(StartsWith("messaging.kafka.message.key"))));
}

TEST(KafkaSpanTest, LeavesOutWhatWasCut) {
  KafkaRecordBuilder record(NS_KAFKA_RECEIVE);
  record.Set(NS_KAFKA_TOPIC, "orders-of", true).Set(NS_KAFKA_KEY, "customer", true);
  record.Set(NS_KAFKA_GROUP, "bill", true).Set(NS_KAFKA_CLIENT_ID, "b", true).Set(NS_KAFKA_BROKER, "kafka.", true);
  const model::Span span = Build(record);
  EXPECT_EQ(span.name, "receive");
  EXPECT_THAT(Lines(span), ElementsAre("messaging.system=kafka", "messaging.operation.name=receive",
                                       "messaging.operation.type=receive", "messaging.destination.partition.id=2",
                                       "messaging.kafka.offset=4711"));
}

TEST(KafkaSpanTest, MakesForeignBytesValidText) {
  const model::Span span = Build(KafkaRecordBuilder().Set(NS_KAFKA_TOPIC, "a\xff").Set(NS_KAFKA_BROKER, "[::1]:9092"));
  EXPECT_EQ(span.name, "send a\xef\xbf\xbd");
  EXPECT_THAT(Lines(span), Contains("server.address=::1"));
}

}  // namespace
}  // namespace nodespan::spans
