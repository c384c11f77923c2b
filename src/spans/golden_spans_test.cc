// SPDX-License-Identifier: Apache-2.0
// Whole spans of every library, from records, under each set of attribute names: the texts below tests/golden/spans.
// `./tools/golden` writes them anew.
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/strings/str_replace.h"
#include "events/record_builder.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "gtest/gtest.h"
#include "spans/bson_test_util.h"
#include "spans/span_assembler.h"
#include "spans/span_test_util.h"
#include "tests/golden/golden_file.h"

namespace nodespan::spans {
namespace {

using events::testing::ApiRecordBuilder;
using events::testing::CapturedItem;
using events::testing::DatabaseRecordBuilder;
using events::testing::GrpcRecordBuilder;
using events::testing::HttpClientRecordBuilder;
using events::testing::HttpServerRecordBuilder;
using events::testing::KafkaRecordBuilder;
using events::testing::PanicRecordBuilder;
using events::testing::RedisRecordBuilder;

constexpr uint64_t kPostgresVaddr = 0x5000;
constexpr uint64_t kNetErrorVaddr = 0x6000;
constexpr uint64_t kHandlerVaddr = 0x401000;

class OneFunctionSymbols : public model::CodeSymbols {
 public:
  const model::CodeLocation* FunctionAt(uint64_t) override { return &handler_; }
  const model::CodeLocation* MethodOf(uint64_t, std::string_view) override { return &handler_; }
  model::CodeType TypeAt(uint64_t) override { return {"*errors.errorString", model::CodeType::Kind::kOther, 8}; }
  std::vector<model::CodeLocation> StackOf(const std::vector<uint64_t>&) override { return {handler_}; }

 private:
  const model::CodeLocation handler_{"main.handle", "/src/main.go", 42};
};

std::string ToText(const model::AttributeValue& value) {
  return std::visit(
      [](const auto& known) {
        using Known = std::decay_t<decltype(known)>;
        if constexpr (std::is_same_v<Known, std::string>) {
          return fmt::format("\"{}\"", known);
        } else if constexpr (std::is_same_v<Known, std::vector<std::string>>) {
          return fmt::format("[\"{}\"]", fmt::join(known, "\", \""));
        } else if constexpr (std::is_arithmetic_v<Known>) {
          return fmt::format("{}", known);
        } else {
          return std::string("a list that no library has");
        }
      },
      value);
}

// In their order: a limit leaves out what comes last.
std::string ToText(const std::vector<model::Attribute>& attributes, std::string_view indent) {
  std::string lines;
  for (const model::Attribute& attribute : attributes) {
    const std::string value = absl::StrReplaceAll(ToText(attribute.value), {{"\n", "\\n"}, {"\t", "\\t"}});
    lines += fmt::format("{}{} = {}\n", indent, attribute.key, value);
  }
  return lines;
}

std::string ToText(const model::Span& span) {
  constexpr std::string_view kKinds[] = {"", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"};
  constexpr std::string_view kStatuses[] = {"UNSET", "OK", "ERROR"};
  const model::InstrumentationScope& scope = *span.scope;
  std::string text = fmt::format("{} \"{}\"\n  scope {} {}\n  status {}{}{}\n", kKinds[static_cast<size_t>(span.kind)],
                                 span.name, scope.name, scope.schema_url.empty() ? "without schema" : scope.schema_url,
                                 kStatuses[static_cast<size_t>(span.status)], span.status_message.empty() ? "" : ": ",
                                 span.status_message);
  text += ToText(span.attributes, "  ");
  for (const model::SpanEvent& event : span.events) {
    text += fmt::format("  event \"{}\"\n", event.name) + ToText(event.attributes, "    ");
  }
  for (const model::SpanLink& link : span.links) {
    text += fmt::format("  link to {:02x}...{:02x}, flags {:#x}\n", link.trace_id[0], link.span_id[0], link.flags) +
            ToText(link.attributes, "    ");
  }
  return text;
}

// What one library's records are under the three values of OTEL_SEMCONV_STABILITY_OPT_IN.
struct GoldenCase {
  std::string_view what;
  std::vector<std::vector<std::byte>> records;  // the last one completes the span
};

std::string Assembled(const GoldenCase& one, model::SemconvMode mode) {
  static const auto types = std::make_shared<const model::TypeNames>(
      std::vector<std::pair<uint64_t, std::string>>{{kPostgresVaddr, "*pq.conn"}, {kNetErrorVaddr, "*net.OpError"}});
  static const testing::FixedClock clock;
  metrics::Counters counters;
  TargetDirectory directory(&clock);
  model::SpanOptions options;
  options.semconv = {.http = mode, .database = mode, .rpc = mode, .messaging = mode};
  options.include_db_statement = true;
  directory.Add({3, 7}, {.resource = std::make_shared<const model::Resource>(),
                         .options = options,
                         .types = types,
                         .code = std::make_shared<OneFunctionSymbols>()});
  SpanAssembler assembler(
      &directory, &clock, &counters,
      {.captured = {.http_request_headers = {"x-request-id"}, .grpc_request_metadata = {"x-request-id"}}});
  std::vector<model::Span> spans;
  for (const std::vector<std::byte>& record : one.records) {
    EXPECT_TRUE(assembler.Assemble(record, spans).ok()) << one.what;
  }
  EXPECT_EQ(spans.size(), 1U) << one.what;
  return spans.empty() ? "" : ToText(spans.front());
}

void ExpectGoldenSpans(std::string_view library, std::string_view category, const std::vector<GoldenCase>& cases) {
  struct {
    std::string_view suffix;
    model::SemconvMode mode;
  } const modes[] = {
      {"", model::SemconvMode::kNew}, {"/dup", model::SemconvMode::kDup}, {"/old", model::SemconvMode::kOld}};
  std::string text;
  for (const auto& [suffix, mode] : modes) {
    text += fmt::format("{}==== OTEL_SEMCONV_STABILITY_OPT_IN={}{}\n", text.empty() ? "" : "\n", category, suffix);
    for (const GoldenCase& one : cases) {
      text += fmt::format("\n-- {}\n{}", one.what, Assembled(one, mode));
    }
  }
  golden::ExpectGoldenFile(fmt::format("tests/golden/spans/{}.txt", library), text);
}

TEST(GoldenSpansTest, HttpServer) {
  HttpServerRecordBuilder served;
  served.fixed.handler_vaddr = kHandlerVaddr;
  served.fixed.request_body_bytes = 17;
  served.Set(NS_HTTP_FORWARDED, "for=192.0.2.60;proto=https;host=shop.example")
      .Set(NS_HTTP_CAPTURED, CapturedItem(0, "a-1") + CapturedItem(0, "a-2"));
  HttpServerRecordBuilder unknown;
  unknown.Set(NS_HTTP_METHOD, "PURGE").Set(NS_HTTP_PATTERN, "");
  unknown.fixed.route_source = NS_ROUTE_NONE;
  unknown.fixed.status = 503;
  HttpServerRecordBuilder panicked;
  panicked.fixed.outcome = NS_HTTP_PANICKED;
  panicked.fixed.status = 0;
  HttpServerRecordBuilder fasthttp;
  fasthttp.fixed.library = NS_HTTP_FASTHTTP;
  fasthttp.fixed.peer = {.ip = {10, 0, 0, 9}, .port = 51234, .ip_bytes = 4, .pad = {}};
  fasthttp.fixed.route_source = NS_ROUTE_FIBER;
  fasthttp.Set(NS_HTTP_REMOTE_ADDR, "").Set(NS_HTTP_PATTERN, "/users/:id");
  ExpectGoldenSpans("http_server", "http",
                    {{"behind a proxy, with a handler and headers to show", {served.Bytes()}},
                     {"of fasthttp, with a route of fiber", {fasthttp.Bytes()}},
                     {"an unknown method, without route, that the server fails", {unknown.Bytes()}},
                     {"a handler that panics", {PanicRecordBuilder().Bytes(), panicked.Bytes()}}});
}

TEST(GoldenSpansTest, HttpClient) {
  HttpClientRecordBuilder answered;
  answered.fixed.present |= NS_CLIENT_HAS_USER_INFO;
  answered.fixed.resend_count = 1;
  answered.Set(NS_CLIENT_QUERY, "dry=1&sig=hidden");
  HttpClientRecordBuilder fasthttp;
  fasthttp.fixed.library = NS_HTTP_FASTHTTP;
  fasthttp.Set(NS_CLIENT_PATH, "/orders/1?dry=1").Set(NS_CLIENT_QUERY, "");
  HttpClientRecordBuilder refused;
  refused.fixed.status = 404;
  HttpClientRecordBuilder failed;
  failed.fixed.present = NS_CLIENT_FAILED;
  failed.fixed.error_type_vaddr = kNetErrorVaddr;
  failed.Set(NS_CLIENT_METHOD, "PURGE").Set(NS_CLIENT_ERROR, "connection refused");
  ExpectGoldenSpans("http_client", "http",
                    {{"redirected, with credentials in the URL", {answered.Bytes()}},
                     {"of fasthttp", {fasthttp.Bytes()}},
                     {"refused by the server", {refused.Bytes()}},
                     {"an unknown method, without answer", {failed.Bytes()}}});
}

TEST(GoldenSpansTest, GrpcServer) {
  GrpcRecordBuilder served(NS_RECORD_GRPC_SERVER);
  served.fixed.service_type_vaddr = kHandlerVaddr;
  served.Set(NS_GRPC_CAPTURED, CapturedItem(0, "a-1"));
  GrpcRecordBuilder failed(NS_RECORD_GRPC_SERVER);
  failed.Code(13, "out of stock");
  ExpectGoldenSpans("grpc_server", "rpc",
                    {{"with a method and metadata to show", {served.Bytes()}}, {"that fails", {failed.Bytes()}}});
}

TEST(GoldenSpansTest, GrpcClient) {
  GrpcRecordBuilder refused;
  refused.Code(5, "no such cart");
  GrpcRecordBuilder failed;
  failed.fixed.present = NS_GRPC_FAILED;
  failed.fixed.error_type_vaddr = kNetErrorVaddr;
  failed.Set(NS_GRPC_TARGET, "unix:///run/cart.sock").Set(NS_GRPC_MESSAGE, "connection refused");
  ExpectGoldenSpans("grpc_client", "rpc",
                    {{"answered", {GrpcRecordBuilder().Bytes()}},
                     {"refused by the server", {refused.Bytes()}},
                     {"without answer", {failed.Bytes()}}});
}

TEST(GoldenSpansTest, Database) {
  DatabaseRecordBuilder query;
  query.Set(NS_DB_QUERY, "SELECT name FROM users WHERE id = 7 AND name = 'bob'");
  DatabaseRecordBuilder failed;
  failed.fixed.operation = NS_DB_OP_EXEC;
  failed.fixed.present |= NS_DB_FAILED;
  failed.fixed.error_type_vaddr = kNetErrorVaddr;
  failed.Set(NS_DB_QUERY, "INSERT INTO users (name) VALUES ('bob')")
      .Set(NS_DB_CODE, "23505")
      .Set(NS_DB_MESSAGE, "duplicate key");
  DatabaseRecordBuilder commit;
  commit.fixed.operation = NS_DB_OP_COMMIT;
  commit.Set(NS_DB_QUERY, "");
  DatabaseRecordBuilder refused;
  refused.fixed.pool_wait_ns = 40'000'000;
  refused.fixed.present = NS_DB_FAILED;
  refused.Set(NS_DB_SERVER, "").Set(NS_DB_DATABASE, "").Set(NS_DB_MESSAGE, "context canceled");
  ExpectGoldenSpans("database", "database",
                    {{"a query", {query.Bytes()}},
                     {"that fails", {failed.Bytes()}},
                     {"end of a transaction", {commit.Bytes()}},
                     {"waited for a connection in vain", {refused.Bytes()}}});
}

TEST(GoldenSpansTest, Pgx) {
  DatabaseRecordBuilder query;
  query.fixed.library = NS_DB_LIBRARY_PGX;
  query.fixed.driver_type_vaddr = 0;
  query.Set(NS_DB_QUERY, "SELECT name FROM users WHERE id = 7");
  DatabaseRecordBuilder batch = query;
  batch.fixed.operation = NS_DB_OP_BATCH;
  batch.fixed.batch_size = 3;
  batch.Set(NS_DB_QUERY, "");
  DatabaseRecordBuilder single = query;
  single.fixed.operation = NS_DB_OP_BATCH;
  single.fixed.batch_size = 1;
  DatabaseRecordBuilder copy = query;
  copy.fixed.operation = NS_DB_OP_COPY;
  copy.Set(NS_DB_QUERY, "users");
  DatabaseRecordBuilder prepare = query;
  prepare.fixed.operation = NS_DB_OP_PREPARE;
  ExpectGoldenSpans("pgx", "database",
                    {{"a query", {query.Bytes()}},
                     {"a batch", {batch.Bytes()}},
                     {"a batch of one", {single.Bytes()}},
                     {"rows copied", {copy.Bytes()}},
                     {"a statement that is prepared", {prepare.Bytes()}}});
}

TEST(GoldenSpansTest, Redis) {
  RedisRecordBuilder command({{"set", 2}});
  RedisRecordBuilder transaction({{"multi", 0}, {"incr", 1}, {"get", 1}, {"exec", 0}});
  transaction.fixed.operation = NS_DB_OP_PIPELINE;
  transaction.fixed.batch_size = 4;
  RedisRecordBuilder nothing({{"get", 1}});
  nothing.fixed.present |= NS_DB_FAILED | NS_DB_KNOWN_ERROR;
  nothing.Set(NS_DB_MESSAGE, "redis: nil");
  RedisRecordBuilder refused({{"get", 1}});
  refused.fixed.present |= NS_DB_FAILED | NS_DB_KNOWN_ERROR;
  refused.Set(NS_DB_MESSAGE, "WRONGTYPE Operation against a key holding the wrong kind of value");
  RedisRecordBuilder unreachable({{"get", 1}});
  unreachable.fixed.present |= NS_DB_FAILED;
  unreachable.fixed.error_type_vaddr = kNetErrorVaddr;
  unreachable.Set(NS_DB_MESSAGE, "EOF");
  RedisRecordBuilder failover({{"get", 1}});
  failover.Set(NS_DB_SERVER, "FailoverClient");
  ExpectGoldenSpans("redis", "database",
                    {{"a command", {command.Bytes()}},
                     {"a transaction", {transaction.Bytes()}},
                     {"an answer that there is nothing", {nothing.Bytes()}},
                     {"an error of the server", {refused.Bytes()}},
                     {"an error on the way", {unreachable.Bytes()}},
                     {"of a client that looks for its server", {failover.Bytes()}}});
}

TEST(GoldenSpansTest, Mongo) {
  DatabaseRecordBuilder find;
  find.fixed.library = NS_DB_LIBRARY_MONGO;
  find.fixed.operation = NS_DB_OP_COMMAND;
  find.fixed.driver_type_vaddr = 0;
  find.fixed.present = 0;
  find.Set(NS_DB_SERVER, "db.example:27018")
      .Set(NS_DB_QUERY, BsonDocument({{"find", BsonText("users")},
                                      {"filter", BsonNested({{"name", BsonText("bob")}})},
                                      {"$db", BsonText("shop")}}));
  DatabaseRecordBuilder insert = find;
  insert.fixed.batch_size = 3;
  insert.fixed.present = NS_DB_FAILED | NS_DB_KNOWN_ERROR | NS_DB_HAS_ERROR_NUMBER;
  insert.fixed.error_number = 11000;
  insert.Set(NS_DB_QUERY, BsonDocument({{"insert", BsonText("users")}, {"ordered", BsonValue(0x08, "\1")}}))
      .Set(NS_DB_MESSAGE, "E11000 duplicate key error collection: shop.users dup key: { name: \"bob\" }");
  DatabaseRecordBuilder ping = find;
  ping.Set(NS_DB_QUERY, BsonDocument({{"ping", BsonInt(1)}})).Set(NS_DB_DATABASE, "admin");
  DatabaseRecordBuilder unsent = find;
  unsent.fixed.present = NS_DB_FAILED;
  unsent.fixed.error_type_vaddr = kNetErrorVaddr;
  unsent.fixed.function_vaddr = kHandlerVaddr;
  unsent.Set(NS_DB_QUERY, "").Set(NS_DB_SERVER, "");
  ExpectGoldenSpans("mongo", "database",
                    {{"a query", {find.Bytes()}},
                     {"documents that are refused", {insert.Bytes()}},
                     {"a command without a collection", {ping.Bytes()}},
                     {"what no server was found for", {unsent.Bytes()}}});
}

TEST(GoldenSpansTest, Kafka) {
  KafkaRecordBuilder batch;
  batch.fixed.message_count = 2;
  batch.Set(NS_KAFKA_KEY, "").Link(1, 2, 1);
  KafkaRecordBuilder failed;
  failed.fixed.present = NS_KAFKA_FAILED;
  failed.fixed.error_type_vaddr = kNetErrorVaddr;
  failed.Set(NS_KAFKA_MESSAGE, "connection refused");
  KafkaRecordBuilder sarama;
  sarama.fixed.library = NS_KAFKA_LIBRARY_SARAMA;
  sarama.fixed.present = NS_KAFKA_HAS_PARTITION | NS_KAFKA_HAS_OFFSET;
  sarama.fixed.partition = 2;
  sarama.fixed.offset = 4711;
  sarama.Set(NS_KAFKA_CLIENT_ID, "sarama");
  KafkaRecordBuilder fetched(NS_KAFKA_RECEIVE);
  fetched.Set(NS_KAFKA_CLIENT_ID, "billing-1").Link(1, 2, 1);
  KafkaRecordBuilder processed(NS_KAFKA_PROCESS);
  processed.Set(NS_KAFKA_CLIENT_ID, "billing-1").Link(1, 2, 1);
  ExpectGoldenSpans("kafka", "messaging",
                    {{"a message is sent", {KafkaRecordBuilder().Bytes()}},
                     {"a batch is sent", {batch.Bytes()}},
                     {"sending fails", {failed.Bytes()}},
                     {"a message is sent by sarama", {sarama.Bytes()}},
                     {"a message is fetched", {fetched.Bytes()}},
                     {"a message is worked on", {processed.Bytes()}}});
}

// The names are the program's own, so there is one set of them.
TEST(GoldenSpansTest, OpenTelemetryApi) {
  ApiRecordBuilder begin;
  begin.Item(NS_ITEM_STRING, "cart", "c-7").Numbers<int64_t>(NS_ITEM_INT64, "items", {3});
  ApiRecordBuilder error(NS_API_ERROR);
  error.Set(NS_API_TEXT, "it broke");
  error.fixed.error_type_vaddr = kNetErrorVaddr;
  const GoldenCase one = {"a span", {begin.Bytes(), error.Bytes(), ApiRecordBuilder(NS_API_END).Bytes()}};
  golden::ExpectGoldenFile("tests/golden/spans/opentelemetry_api.txt", Assembled(one, model::SemconvMode::kNew));
}

}  // namespace
}  // namespace nodespan::spans
