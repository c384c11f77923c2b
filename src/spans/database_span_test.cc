// SPDX-License-Identifier: Apache-2.0
#include "spans/database_span.h"

#include <map>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/version.h"
#include "spans/bson_test_util.h"
#include "spans/span_test_util.h"

namespace nodespan::spans {
namespace {

using events::DatabaseEvent;
using events::DatabaseOperation;
using model::SemconvMode;
using ::testing::AllOf;
using testing::Attributes;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

model::Span Build(const DatabaseEvent& event, const DatabaseOptions& options = {}) {
  static const auto resource = std::make_shared<const model::Resource>();
  model::Span span;
  DatabaseSpanBuilder().Build(event, options, resource, testing::FixedWallClock(), span);
  return span;
}

DatabaseEvent Query(std::string_view text = "SELECT * FROM orders WHERE id = 7 AND name = $1") {
  DatabaseEvent event;
  event.header.trace_id[0] = 1;
  event.header.span_id[0] = 2;
  event.header.parent_span_id[0] = 3;
  event.header.trace_flags = 1;
  event.header.start_mono_ns = 100;
  event.header.end_mono_ns = 250;
  event.driver_type = {"*github.com/lib/pq.conn"};
  event.query = {text};
  event.server_address = {"db.shop.svc"};
  event.server_port = 6432;
  event.database = {"shop"};
  return event;
}

DatabaseEvent Call(DatabaseOperation operation) {
  DatabaseEvent event = Query("");
  event.operation = operation;
  return event;
}

TEST(DatabaseSpanTest, IsAClientSpanOfTheLibrary) {
  const model::Span span = Build(Query());
  EXPECT_EQ(span.kind, model::SpanKind::kClient);
  EXPECT_EQ(span.scope->name, "nodespan/database/sql");
  EXPECT_EQ(span.scope->schema_url, "https://opentelemetry.io/schemas/1.44.0");
  EXPECT_EQ(span.trace_id[0], 1);
  EXPECT_EQ(span.span_id[0], 2);
  EXPECT_EQ(span.parent_span_id[0], 3);
  EXPECT_EQ(span.flags, 0x101u);
  EXPECT_EQ(span.end_unix_ns - span.start_unix_ns, 150u);
  EXPECT_EQ(span.status, model::StatusCode::kUnset);
}

TEST(DatabaseSpanTest, UsesTheStableNames) {
  const model::Span span = Build(Query(), {.include_statement = true});
  EXPECT_EQ(span.name, "SELECT orders");
  EXPECT_THAT(Attributes(span),
              ElementsAre(Pair("db.collection.name", "orders"), Pair("db.namespace", "shop"),
                          Pair("db.operation.name", "SELECT"), Pair("db.query.summary", "SELECT orders"),
                          Pair("db.query.text", "SELECT * FROM orders WHERE id = ? AND name = $1"),
                          Pair("db.system.name", "postgresql"), Pair("server.address", "db.shop.svc"),
                          Pair("server.port", "6432")));
}

TEST(DatabaseSpanTest, UsesTheOldNames) {
  DatabaseEvent event = Query();
  event.driver_type = {"*github.com/microsoft/go-mssqldb.Conn"};
  const model::Span span = Build(event, {.include_statement = true, .mode = SemconvMode::kOld});
  EXPECT_EQ(span.name, "SELECT shop.orders");
  EXPECT_EQ(span.scope->schema_url, "");
  EXPECT_THAT(
      Attributes(span),
      ElementsAre(Pair("db.name", "shop"), Pair("db.operation", "SELECT"), Pair("db.sql.table", "orders"),
                  Pair("db.statement", "SELECT * FROM orders WHERE id = ? AND name = $1"), Pair("db.system", "mssql"),
                  Pair("server.address", "db.shop.svc"), Pair("server.port", "6432")));
}

TEST(DatabaseSpanTest, UsesBothGenerations) {
  const model::Span span = Build(Query(), {.include_statement = true, .mode = SemconvMode::kDup});
  EXPECT_EQ(span.name, "SELECT orders");
  const auto attributes = Attributes(span);
  for (const char* key : {"db.system", "db.system.name", "db.name", "db.namespace", "db.statement", "db.query.text",
                          "db.operation", "db.operation.name", "db.sql.table", "db.collection.name", "server.port"}) {
    EXPECT_THAT(attributes, Contains(Key(key)));
  }
}

TEST(DatabaseSpanTest, ShowsTheStatementOnlyOnRequest) {
  EXPECT_THAT(Attributes(Build(Query(), {.mode = SemconvMode::kDup})),
              AllOf(Not(Contains(Key("db.query.text"))), Not(Contains(Key("db.statement")))));
}

TEST(DatabaseSpanTest, NamesWhatHasNoText) {
  EXPECT_EQ(Build(Call(DatabaseOperation::kBegin)).name, "BEGIN shop");
  EXPECT_EQ(Build(Call(DatabaseOperation::kCommit)).name, "COMMIT shop");
  EXPECT_EQ(Build(Call(DatabaseOperation::kRollback), {.mode = SemconvMode::kOld}).name, "ROLLBACK shop");
  DatabaseEvent ping = Call(DatabaseOperation::kPing);
  ping.database = {};
  EXPECT_EQ(Build(ping).name, "PING db.shop.svc:6432");
  EXPECT_THAT(Attributes(Build(ping)),
              AllOf(Contains(Pair("db.operation.name", "PING")), Not(Contains(Key("db.query.summary")))));
  EXPECT_EQ(Build(ping, {.mode = SemconvMode::kOld}).name, "PING");
}

TEST(DatabaseSpanTest, NamesAPreparationByItsText) {
  DatabaseEvent prepare = Query();
  prepare.operation = DatabaseOperation::kPrepare;
  const model::Span span = Build(prepare);
  EXPECT_EQ(span.name, "PREPARE SELECT orders");
  EXPECT_THAT(Attributes(span), AllOf(Contains(Pair("db.operation.name", "PREPARE")),
                                      Contains(Pair("db.query.summary", "PREPARE SELECT orders"))));
  prepare.operation = DatabaseOperation::kPreparedExec;
  EXPECT_EQ(Build(prepare).name, "SELECT orders");
}

TEST(DatabaseSpanTest, FallsBackWhenTheTextSaysNothing) {
  DatabaseEvent event = Query("gibberish");
  EXPECT_EQ(Build(event).name, "shop");
  EXPECT_EQ(Build(event, {.mode = SemconvMode::kOld}).name, "shop");
  event.database = {};
  EXPECT_EQ(Build(event).name, "db.shop.svc:6432");
  event.server_address = {};
  EXPECT_EQ(Build(event).name, "postgresql");
  event.driver_type = {};
  EXPECT_EQ(Build(event).name, "other_sql");
  EXPECT_EQ(Build(event, {.mode = SemconvMode::kOld}).name, "other_sql");
}

TEST(DatabaseSpanTest, DoesNotGuessTheOperationOfSeveralStatements) {
  const DatabaseEvent event = Query("DELETE FROM a; INSERT INTO b VALUES (1)");
  EXPECT_EQ(Build(event).name, "DELETE a INSERT b");
  EXPECT_THAT(Attributes(Build(event)),
              AllOf(Not(Contains(Key("db.operation.name"))), Not(Contains(Key("db.collection.name")))));
  EXPECT_THAT(Attributes(Build(event, {.mode = SemconvMode::kOld})),
              AllOf(Contains(Pair("db.operation", "DELETE")), Contains(Pair("db.sql.table", "a"))));
}

TEST(DatabaseSpanTest, NamesTheStoredProcedure) {
  const model::Span span = Build(Query("CALL refresh(1)"));
  EXPECT_EQ(span.name, "CALL refresh");
  EXPECT_THAT(Attributes(span), Contains(Pair("db.stored_procedure.name", "refresh")));
}

TEST(DatabaseSpanTest, LeavesOutThePortThatIsUsual) {
  DatabaseEvent event = Query();
  event.server_port = 5432;
  EXPECT_THAT(Attributes(Build(event)), Not(Contains(Key("server.port"))));
  event.server_port.reset();
  event.server_address = {"10.0.0.1:5433"};
  EXPECT_THAT(Attributes(Build(event)),
              AllOf(Contains(Pair("server.address", "10.0.0.1")), Contains(Pair("server.port", "5433"))));
  event.server_address = {"/var/run/postgresql"};
  event.server_port = 5433;
  EXPECT_THAT(Attributes(Build(event)),
              AllOf(Contains(Pair("server.address", "/var/run/postgresql")), Not(Contains(Key("server.port")))));
}

TEST(DatabaseSpanTest, ReportsTheErrorOfTheCall) {
  DatabaseEvent event = Query();
  event.error = {.type_name = {"*github.com/lib/pq.Error"}, .message = {"pq: key 'bob' exists"}, .code = {"23505"}};
  const model::Span span = Build(event);
  EXPECT_EQ(span.status, model::StatusCode::kError);
  EXPECT_EQ(span.status_message, "pq: key ? exists");
  EXPECT_THAT(Attributes(span),
              AllOf(Contains(Pair("error.type", "23505")), Contains(Pair("db.response.status_code", "23505"))));
  EXPECT_EQ(Build(event, {.include_statement = true}).status_message, "pq: key 'bob' exists");

  event.error = {.type_name = {"*net.OpError"}};
  EXPECT_THAT(Attributes(Build(event)),
              AllOf(Contains(Pair("error.type", "*net.OpError")), Not(Contains(Key("db.response.status_code")))));
  event.error = events::DatabaseError();
  EXPECT_THAT(Attributes(Build(event)), Contains(Pair("error.type", "_OTHER")));
}

TEST(DatabaseSpanTest, HidesTheValuesThatMessagesQuote) {
  EXPECT_EQ(HideQuotedValues("Duplicate entry 'o'brien' for key 'u.name'", false), "Duplicate entry ?");
  EXPECT_EQ(HideQuotedValues("relation \"x\" does not exist", false), "relation ? does not exist");
  EXPECT_EQ(HideQuotedValues("duplicate key value is (secret).", false), "duplicate key value is ?.");
  EXPECT_EQ(HideQuotedValues("dup key: { name: secret }", false), "dup key: ?");
  EXPECT_EQ(HideQuotedValues("entry 'a' for 'sec", true), "entry ?");
  EXPECT_EQ(HideQuotedValues("can't do secret", false), "can?");
  EXPECT_EQ(HideQuotedValues("connection refused", true), "connection refused");
  EXPECT_EQ(HideQuotedValues("", false), "");
}

TEST(DatabaseSpanTest, ReportsTheTimeInThePoolInSeconds) {
  DatabaseEvent event = Query();
  event.pool_wait_ns = 1'500'000;
  for (const SemconvMode mode : {SemconvMode::kNew, SemconvMode::kOld, SemconvMode::kDup}) {
    EXPECT_THAT(Attributes(Build(event, {.mode = mode})),
                Contains(Pair("nodespan.db.client.connection.wait_time", "0.0015")));
  }
}

TEST(DatabaseSpanTest, LeavesOutNamesThatWereCut) {
  DatabaseEvent event = Query();
  event.database.cut = event.server_address.cut = event.query.cut = true;
  event.query.text = "SELECT * FROM ord";
  event.error = {.type_name = {"*pq.Err", true}, .message = {}, .code = {}};
  EXPECT_THAT(Attributes(Build(event)),
              ElementsAre(Pair("db.operation.name", "SELECT"), Pair("db.query.summary", "SELECT"),
                          Pair("db.system.name", "postgresql"), Pair("error.type", "_OTHER")));
}

TEST(DatabaseSpanTest, MakesValidUtf8OfAnyBytes) {
  DatabaseEvent event = Query("SELECT * FROM t\xFF WHERE a = 1");
  event.database = {"sh\xFFop"};
  const model::Span span = Build(event, {.include_statement = true});
  EXPECT_EQ(span.name, "SELECT t\xEF\xBF\xBD");
  EXPECT_THAT(Attributes(span), AllOf(Contains(Pair("db.namespace", "sh\xEF\xBF\xBDop")),
                                      Contains(Pair("db.query.text", "SELECT * FROM t\xEF\xBF\xBD WHERE a = ?"))));
}

TEST(DatabaseSpanTest, KeepsNothingOfTheSpanBefore) {
  DatabaseSpanBuilder builder;
  const WallClock& wall = testing::FixedWallClock();
  const auto resource = std::make_shared<const model::Resource>();
  model::Span first;
  builder.Build(Query("CALL p()"), {.include_statement = true}, resource, wall, first);
  model::Span second;
  builder.Build(Call(DatabaseOperation::kBegin), {.include_statement = true}, resource, wall, second);
  EXPECT_THAT(Attributes(second), AllOf(Not(Contains(Key("db.query.text"))), Not(Contains(Key("db.query.summary"))),
                                        Not(Contains(Key("db.stored_procedure.name")))));
}

TEST(DatabaseSpanTest, AStatementThatIsNotToBeParsedNamesNothing) {
  DatabaseEvent event = Query();
  event.driver_type = {"*pq.conn"};
  event.database = {"shop"};
  const model::Span span = Build(event, {.include_statement = true, .parse_statement = false});
  EXPECT_EQ(span.name, "shop");
  EXPECT_THAT(Attributes(span),
              AllOf(Not(Contains(Key("db.operation.name"))), Not(Contains(Key("db.query.summary"))),
                    Not(Contains(Key("db.collection.name"))),
                    Contains(Pair("db.query.text", "SELECT * FROM orders WHERE id = ? AND name = $1"))));
  event.operation = DatabaseOperation::kCommit;
  EXPECT_EQ(Build(event, {.parse_statement = false}).name, "COMMIT shop");
}

const std::string& FindCommand() {
  static const std::string command =
      BsonDocument({{"find", BsonText("users")}, {"filter", BsonNested({{"name", BsonText("bob")}})}});
  return command;
}

DatabaseEvent Mongo(const std::string& command) {
  DatabaseEvent event = Query(command);
  event.library = events::DatabaseLibrary::kMongo;
  event.operation = DatabaseOperation::kCommand;
  event.driver_type = {};
  event.server_address = {"db.shop.svc:27018"};
  event.server_port = std::nullopt;
  return event;
}

TEST(DatabaseSpanTest, NamesMongoAfterItsCommand) {
  const model::Span span = Build(Mongo(FindCommand()), {.include_statement = true});
  EXPECT_EQ(span.name, "find users");
  EXPECT_EQ(span.scope->name, "nodespan/go.mongodb.org/mongo-driver");
  EXPECT_THAT(Attributes(span), ElementsAre(Pair("db.collection.name", "users"), Pair("db.namespace", "shop"),
                                            Pair("db.operation.name", "find"), Pair("db.query.summary", "find users"),
                                            Pair("db.query.text", R"({"find":"users","filter":{"name":"?"}})"),
                                            Pair("db.system.name", "mongodb"), Pair("server.address", "db.shop.svc"),
                                            Pair("server.port", "27018")));
  EXPECT_THAT(Attributes(Build(Mongo(FindCommand()))), Not(Contains(Key("db.query.text"))));
}

TEST(DatabaseSpanTest, NamesMongoTheOldWay) {
  const model::Span span = Build(Mongo(FindCommand()), {.include_statement = true, .mode = SemconvMode::kOld});
  EXPECT_EQ(span.name, "find shop.users");
  EXPECT_THAT(
      Attributes(span),
      ElementsAre(Pair("db.mongodb.collection", "users"), Pair("db.name", "shop"), Pair("db.operation", "find"),
                  Pair("db.statement", R"({"find":"users","filter":{"name":"?"}})"), Pair("db.system", "mongodb"),
                  Pair("server.address", "db.shop.svc"), Pair("server.port", "27018")));
}

TEST(DatabaseSpanTest, NamesMongoAfterItsDatabaseWithoutACollection) {
  EXPECT_EQ(Build(Mongo(BsonDocument({{"ping", BsonInt(1)}}))).name, "ping shop");
  DatabaseEvent unsent = Mongo("");
  unsent.server_address = {};
  unsent.error = {.type_name = {"topology.ServerSelectionError"}, .message = {}, .code = {}};
  EXPECT_EQ(Build(unsent).name, "shop");
  unsent.function = {"go.mongodb.org/mongo-driver/v2/mongo.(*findOp).command"};
  const model::Span span = Build(unsent);
  EXPECT_EQ(span.name, "find shop");
  EXPECT_THAT(Attributes(span),
              ElementsAre(Pair("db.namespace", "shop"), Pair("db.operation.name", "find"),
                          Pair("db.system.name", "mongodb"), Pair("error.type", "topology.ServerSelectionError")));
}

TEST(DatabaseSpanTest, TellsHowManyDocumentsMongoWrites) {
  const std::string command = BsonDocument({{"insert", BsonText("users")}});
  DatabaseEvent event = Mongo(command);
  event.batch_size = 1;
  EXPECT_THAT(Attributes(Build(event)), Not(Contains(Key("db.operation.batch.size"))));
  event.batch_size = 3;
  EXPECT_THAT(Attributes(Build(event)), Contains(Pair("db.operation.batch.size", "3")));
}

TEST(DatabaseSpanTest, AnUnacknowledgedWriteOfMongoHasNotFailed) {
  DatabaseEvent event = Mongo(FindCommand());
  event.error = {.type_name = {"*errors.errorString"}, .message = {"unacknowledged write"}, .code = {}};
  EXPECT_EQ(Build(event).status, model::StatusCode::kUnset);
  event.error->message = {"server at a has none"};
  EXPECT_EQ(Build(event).status, model::StatusCode::kError);
}

}  // namespace
}  // namespace nodespan::spans
