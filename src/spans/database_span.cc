// SPDX-License-Identifier: Apache-2.0
#include "spans/database_span.h"

#include <optional>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "spans/attribute_writer.h"
#include "spans/db_attribute_names.h"
#include "spans/db_system.h"
#include "spans/go_error.h"
#include "spans/host_port.h"
#include "spans/mongo_command.h"
#include "spans/redis_call.h"
#include "spans/scopes.h"
#include "spans/span_common.h"

namespace nodespan::spans {
namespace {

using events::DatabaseEvent;
using events::DatabaseLibrary;
using events::DatabaseOperation;
using events::EventString;
using model::SemconvMode;

constexpr Scopes kSqlScopes("nodespan/database/sql");
constexpr Scopes kRedisScopes("nodespan/github.com/redis/go-redis");
constexpr Scopes kPgxScopes("nodespan/github.com/jackc/pgx");
constexpr Scopes kMongoScopes("nodespan/go.mongodb.org/mongo-driver");

const Scopes& ScopesOf(DatabaseLibrary library) {
  switch (library) {
    case DatabaseLibrary::kDatabaseSql: break;
    case DatabaseLibrary::kRedis: return kRedisScopes;
    case DatabaseLibrary::kPgx: return kPgxScopes;
    case DatabaseLibrary::kMongo: return kMongoScopes;
  }
  return kSqlScopes;
}

// What the calls of pgx would be of as those of a driver.
constexpr std::string_view kPgxDriver = "*github.com/jackc/pgx/v5/stdlib.Conn";

constexpr DbSystem kRedis{"redis", "redis", 6379};
constexpr DbSystem kMongo{"mongodb", "mongodb", 27017};
// The answer that there is no value, as an error of go-redis.
constexpr std::string_view kRedisNil = "redis: nil";
// What the driver of MongoDB says where no answer was asked for.
constexpr std::string_view kUnacknowledged = "unacknowledged write";

constexpr std::string_view kOtherError = "_OTHER";

// Enough for every attribute below, so that the vector grows once.
constexpr size_t kMaxAttributes = 12;
constexpr size_t kMaxAttributesOfBoth = 18;

constexpr double kNsPerSecond = 1e9;

// The operation that the call is by itself; empty: the text says it.
std::string_view OperationOf(DatabaseOperation operation) {
  switch (operation) {
    case DatabaseOperation::kQuery:
    case DatabaseOperation::kExec:
    case DatabaseOperation::kPreparedQuery:
    case DatabaseOperation::kPreparedExec:
    case DatabaseOperation::kCommand:
    case DatabaseOperation::kPipeline:
    case DatabaseOperation::kClusterPipeline: break;
    case DatabaseOperation::kBegin: return "BEGIN";
    case DatabaseOperation::kCommit: return "COMMIT";
    case DatabaseOperation::kRollback: return "ROLLBACK";
    case DatabaseOperation::kPing: return "PING";
    case DatabaseOperation::kPrepare: return "PREPARE";
    case DatabaseOperation::kBatch: return "BATCH";
    case DatabaseOperation::kCopy: return "COPY";
  }
  return {};
}

// A string that is only useful as a whole.
std::string Whole(const EventString& string) { return string.cut ? std::string() : Clean(string.text); }

}  // namespace

// What is said about the call, valid UTF-8.
struct DatabaseSpanBuilder::Facts {
  const DbSystem* system = nullptr;
  std::string database;
  std::string operation;
  std::string collection;
  std::string procedure;
  std::string summary;
  std::string address;
  std::optional<uint16_t> port;  // Absent, too, when it is the usual one.
  bool several_statements = false;
  std::optional<uint32_t> database_index;
  std::optional<uint32_t> batch_size;
  std::string text;
};

namespace {

using Facts = DatabaseSpanBuilder::Facts;

void ReadServer(const DatabaseEvent& event, Facts& facts) {
  if (event.server_address.cut || event.server_address.empty()) {
    return;
  }
  const std::string_view text = event.server_address.text;
  const bool is_unix_socket = text.front() == '/' || text.front() == '@';
  if (is_unix_socket) {
    facts.address = Clean(text);
    return;
  }
  const HostPort server = SplitHostPort(text);
  if (event.library == DatabaseLibrary::kRedis && !server.port) {
    return;  // nothing that could be dialled: go-redis puts names in there for clients that look for their server
  }
  facts.address = Clean(server.host);
  const std::optional<uint16_t> port = event.server_port ? event.server_port : server.port;
  if (!facts.address.empty() && port != facts.system->default_port && port != uint16_t{0}) {
    facts.port = port;
  }
}

void ReadRedis(const DatabaseEvent& event, const DatabaseOptions& options, Facts& facts) {
  RedisCall call = ReadRedisCall(event, options.include_statement);
  facts.system = &kRedis;
  facts.operation = std::move(call.operation);
  facts.batch_size = call.batch_size;
  facts.text = std::move(call.text);
  facts.database_index = event.database_index;
}

void ReadMongo(const DatabaseEvent& event, const DatabaseOptions& options, Facts& facts) {
  MongoCommand command = ReadMongoCommand(event.query, options.include_statement);
  facts.system = &kMongo;
  facts.database = Whole(event.database);
  facts.operation = event.query.empty() ? MongoOperationOf(event.function.text) : std::move(command.operation);
  facts.collection = std::move(command.collection);
  facts.text = std::move(command.text);
  if (!facts.collection.empty()) {
    facts.summary = fmt::format("{} {}", facts.operation, facts.collection);
  }
  if (event.batch_size > 1) {
    facts.batch_size = event.batch_size;
  }
}

void ReadText(const SqlText& text, Facts& facts) {
  if (facts.operation.empty()) {
    facts.operation = Clean(text.operation);
  }
  facts.collection = Clean(text.collection);
  facts.procedure = Clean(text.stored_procedure);
  facts.several_statements = text.statement_count > 1;
  facts.summary = Clean(text.summary);
}

std::string AddressAndPort(const Facts& facts) {
  return facts.port ? fmt::format("{}:{}", facts.address, *facts.port) : facts.address;
}

std::string StableName(const Facts& facts) {
  if (!facts.summary.empty()) {
    return facts.summary;
  }
  std::string target;
  for (const std::string* candidate : {&facts.collection, &facts.procedure, &facts.database}) {
    if (target.empty()) {
      target = *candidate;
    }
  }
  if (target.empty()) {
    target = AddressAndPort(facts);
  }
  if (facts.operation.empty()) {
    return target.empty() ? std::string(facts.system->name) : target;
  }
  return target.empty() ? facts.operation : fmt::format("{} {}", facts.operation, target);
}

std::string OldName(const Facts& facts) {
  if (facts.database.empty()) {
    return facts.operation.empty() ? std::string(facts.system->old_name) : facts.operation;
  }
  if (facts.operation.empty()) {
    return facts.database;
  }
  return facts.collection.empty() ? fmt::format("{} {}", facts.operation, facts.database)
                                  : fmt::format("{} {}.{}", facts.operation, facts.database, facts.collection);
}

void AddIfKnown(const AttributeName& name, std::string value, AttributeWriter& attributes) {
  if (!value.empty()) {
    attributes.AddText(name, std::move(value));
  }
}

void AddFacts(Facts& facts, AttributeWriter& attributes) {
  attributes.AddText(db::kSystemStable, std::string(facts.system->name));
  attributes.AddText(db::kSystemOld, std::string(facts.system->old_name));
  AddIfKnown(db::kNamespace, std::move(facts.database), attributes);
  if (facts.database_index) {
    attributes.AddText(db::kNamespaceOfIndex, fmt::format("{}", *facts.database_index));
    attributes.AddInt(db::kRedisDatabaseIndexOld, *facts.database_index);
  }
  AttributeName operation = db::kOperationName;
  AttributeName collection = facts.system == &kMongo ? db::kMongoCollectionName : db::kCollectionName;
  if (facts.several_statements) {
    operation.stable = collection.stable = {};
  }
  AddIfKnown(operation, std::move(facts.operation), attributes);
  AddIfKnown(collection, std::move(facts.collection), attributes);
  AddIfKnown(db::kStoredProcedureName, std::move(facts.procedure), attributes);
  AddIfKnown(db::kQuerySummary, std::move(facts.summary), attributes);
  AddIfKnown(db::kServerAddress, std::move(facts.address), attributes);
  if (facts.port) {
    attributes.AddInt(db::kServerPort, *facts.port);
  }
  if (facts.batch_size) {
    attributes.AddInt(db::kOperationBatchSize, *facts.batch_size);
  }
  AddIfKnown(db::kQueryText, std::move(facts.text), attributes);
}

// Whether the call failed as far as the span is concerned: "there is no such key" is an answer.
bool Failed(const DatabaseEvent& event) {
  if (!event.error) {
    return false;
  }
  switch (event.library) {
    case DatabaseLibrary::kDatabaseSql:
    case DatabaseLibrary::kPgx: break;
    case DatabaseLibrary::kRedis: return !event.error->is_answer || event.error->message.text != kRedisNil;
    case DatabaseLibrary::kMongo: return event.error->is_answer || event.error->message.text != kUnacknowledged;
  }
  return true;
}

void AddError(const DatabaseEvent& event, bool show_values, model::Span& span, AttributeWriter& attributes) {
  const events::DatabaseError& error = *event.error;
  span.status = model::StatusCode::kError;
  const std::string message = GoErrorMessage(error.type_name.text, Clean(error.message));
  span.status_message = show_values ? message : HideQuotedValues(message, error.message.cut);
  std::string code = event.library == DatabaseLibrary::kRedis && error.is_answer
                         ? Clean(RedisErrorPrefix(error.message.text))
                         : Whole(error.code);
  std::string type = code.empty() ? Whole(error.type_name) : code;
  AddIfKnown(db::kResponseStatusCode, std::move(code), attributes);
  attributes.AddText(db::kErrorType, type.empty() ? std::string(kOtherError) : std::move(type));
}

}  // namespace

std::string HideQuotedValues(std::string_view message, bool cut) {
  const size_t begin = message.find_first_of("'\"`({");
  if (begin == std::string_view::npos) {
    return std::string(message);
  }
  // Up to the last quote of any kind: a value may contain quotes itself.
  const size_t last = message.find_last_of("'\"`)}");
  std::string hidden(message.substr(0, begin));
  hidden += '?';
  if (!cut && last != std::string_view::npos && last > begin) {
    hidden += message.substr(last + 1);
  }
  return hidden;
}

void DatabaseSpanBuilder::ReadSql(const DatabaseEvent& event, const DatabaseOptions& options, Facts& facts) {
  facts.system = &DbSystemOfDriver(event.library == DatabaseLibrary::kPgx ? kPgxDriver : event.driver_type.text);
  facts.database = Whole(event.database);
  if (event.operation == DatabaseOperation::kCopy) {
    facts.operation = OperationOf(event.operation);
    facts.collection = Whole(event.query);
    return;
  }
  const bool is_batch = event.operation == DatabaseOperation::kBatch && event.batch_size != 1;
  if (is_batch && event.batch_size != 0) {
    facts.batch_size = event.batch_size;
  }
  SqlTextOptions text_options{
      .dialect = facts.system->dialect, .cut = event.query.cut, .sanitize = options.include_statement};
  if (event.operation == DatabaseOperation::kPrepare) {
    text_options.summary_prefix = OperationOf(event.operation);
  }
  ReadSqlText(event.query.text, text_options, text_);
  if (event.operation != DatabaseOperation::kBatch || is_batch) {
    facts.operation = OperationOf(event.operation);
  }
  if (options.parse_statement) {
    ReadText(text_, facts);
  }
  facts.text = Clean(text_.sanitized, event.query.cut);
}

void DatabaseSpanBuilder::Build(const DatabaseEvent& event, const DatabaseOptions& options,
                                const model::ResourcePtr& resource, const WallClock& clock, model::Span& span) {
  span.kind = model::SpanKind::kClient;
  span.scope = ScopesOf(event.library).Of(options.mode);
  span.resource = resource;
  CopyIdentity(event.header, clock, span);

  Facts facts;
  switch (event.library) {
    case DatabaseLibrary::kDatabaseSql:
    case DatabaseLibrary::kPgx: ReadSql(event, options, facts); break;
    case DatabaseLibrary::kRedis: ReadRedis(event, options, facts); break;
    case DatabaseLibrary::kMongo: ReadMongo(event, options, facts); break;
  }
  ReadServer(event, facts);
  span.name = options.mode == SemconvMode::kOld ? OldName(facts) : StableName(facts);

  span.attributes.reserve(options.mode == SemconvMode::kDup ? kMaxAttributesOfBoth : kMaxAttributes);
  AttributeWriter attributes(options.mode, &span.attributes);
  AddFacts(facts, attributes);
  if (Failed(event)) {
    AddError(event, options.include_statement, span, attributes);
  }
  if (event.pool_wait_ns) {
    attributes.AddDouble(db::kPoolWaitTime, static_cast<double>(*event.pool_wait_ns) / kNsPerSecond);
  }
}

}  // namespace nodespan::spans
