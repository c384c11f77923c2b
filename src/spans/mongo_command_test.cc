// SPDX-License-Identifier: Apache-2.0
#include "spans/mongo_command.h"

#include "gtest/gtest.h"
#include "spans/bson_test_util.h"

namespace nodespan::spans {
namespace {

MongoCommand CommandOf(const std::string& document) { return ReadMongoCommand({.text = document}, true); }
std::string TextOfStart(const std::string& document, size_t bytes) {
  return ReadMongoCommand({.text = std::string_view(document).substr(0, bytes), .cut = true}, true).text;
}

TEST(MongoCommandTest, NamesOperationAndCollection) {
  const MongoCommand find = CommandOf(BsonDocument({{"find", BsonText("users")}, {"limit", BsonInt(1)}}));
  EXPECT_EQ(find.operation, "find");
  EXPECT_EQ(find.collection, "users");
  const MongoCommand more = CommandOf(
      BsonDocument({{"getMore", BsonInt(4711)}, {"collection", BsonText("users")}, {"batchSize", BsonInt(2)}}));
  EXPECT_EQ(more.operation, "getMore");
  EXPECT_EQ(more.collection, "users");
  EXPECT_EQ(more.text, R"({"getMore":"?","collection":"users","batchSize":"?"})");
}

TEST(MongoCommandTest, TakesNothingElseForACollection) {
  EXPECT_EQ(CommandOf(BsonDocument({{"aggregate", BsonInt(1)}})).collection, "");
  const MongoCommand user = CommandOf(BsonDocument({{"createUser", BsonText("bob")}, {"pwd", BsonText("secret")}}));
  EXPECT_EQ(user.operation, "createUser");
  EXPECT_EQ(user.collection, "");
  EXPECT_EQ(user.text, R"({"createUser":"?","pwd":"?"})");
  EXPECT_EQ(CommandOf(BsonDocument({{"find", BsonText("a")}, {"collection", BsonText("b")}})).collection, "a");
  EXPECT_EQ(
      CommandOf(BsonDocument({{"getMore", BsonInt(1)}, {"x", BsonInt(1)}, {"collection", BsonText("b")}})).collection,
      "");
}

TEST(MongoCommandTest, HidesValuesAndKeepsTheirKeys) {
  const std::string document = BsonDocument(
      {{"find", BsonText("users")},
       {"filter",
        BsonNested({{"name", BsonText("bob")}, {"age", BsonNested({{"$in", BsonList({BsonInt(1), BsonInt(2)})}})}})},
       {"sort", BsonNested({})},
       {"hints", BsonList({})}});
  EXPECT_EQ(CommandOf(document).text,
            R"({"find":"users","filter":{"name":"?","age":{"$in":["?"]}},"sort":{},"hints":[]})");
}

TEST(MongoCommandTest, ShowsEveryStageOfAPipeline) {
  const std::string document =
      BsonDocument({{"aggregate", BsonText("users")},
                    {"pipeline", BsonList({BsonNested({{"$match", BsonNested({{"a", BsonInt(1)}})}}),
                                           BsonNested({{"$count", BsonText("n")}})})}});
  EXPECT_EQ(CommandOf(document).text, R"({"aggregate":"users","pipeline":[{"$match":{"a":"?"}},{"$count":"?"}]})");
}

TEST(MongoCommandTest, LeavesOutWhatTheDriverAdds) {
  const std::string document = BsonDocument({{"ping", BsonInt(1)},
                                             {"lsid", BsonNested({{"id", BsonText("x")}})},
                                             {"$clusterTime", BsonNested({})},
                                             {"maxTimeMS", BsonInt(5)},
                                             {"$db", BsonText("admin")}});
  EXPECT_EQ(CommandOf(document).text, R"({"ping":"?","maxTimeMS":"?"})");
  // The command itself is known then.
  EXPECT_EQ(TextOfStart(document, document.size() - 30), R"({"ping":"?"})");
}

TEST(MongoCommandTest, MarksWhereACommandIsCut) {
  const std::string document = BsonDocument(
      {{"find", BsonText("users")}, {"filter", BsonNested({{"name", BsonText("bob")}, {"age", BsonInt(1)}})}});
  EXPECT_EQ(TextOfStart(document, document.size() - 4), R"({"find":"users","filter":{"name":"?","age":"?"...)");
  EXPECT_EQ(TextOfStart(document, document.size() - 14), R"({"find":"users","filter":{"name":"?"...)");
  EXPECT_EQ(TextOfStart(document, 12), R"({"find":"?"...)");
  EXPECT_EQ(TextOfStart(document, 3), "");
}

TEST(MongoCommandTest, EscapesKeys) {
  EXPECT_EQ(CommandOf(BsonDocument({{"a\"\\\n\xff", BsonInt(1)}})).text, "{\"a\\\"\\\\?\xEF\xBF\xBD\":\"?\"}");
}

TEST(MongoCommandTest, TakesWhatIsTooDeepForAValue) {
  std::string nested = BsonInt(1);
  for (int i = 0; i < 40; ++i) {
    nested = BsonNested({{"a", nested}});
  }
  const std::string text = CommandOf(BsonDocument({{"find", BsonText("c")}, {"filter", nested}})).text;
  EXPECT_TRUE(text.ends_with(R"({"a":"?"}}}}}}}}}}}}}}}}})")) << text;
}

TEST(MongoCommandTest, TellsTheOperationByTheFunctionThatMakesTheCommand) {
  EXPECT_EQ(MongoOperationOf("go.mongodb.org/mongo-driver/v2/mongo.(*findOp).command"), "find");
  EXPECT_EQ(MongoOperationOf("go.mongodb.org/mongo-driver/x/mongo/driver/operation.(*FindAndModify).command"),
            "findAndModify");
  EXPECT_EQ(MongoOperationOf("go.mongodb.org/mongo-driver/v2/mongo.(*dropCollectionOp).command"), "drop");
  for (const char* other : {"", "main.main", "a.(*b).command.func1", ".(*).command", ").command", ".(*Op).command",
                            "go.mongodb.org/mongo-driver/v2/x/mongo/driver.(*BatchCursor).getMore.func1"}) {
    EXPECT_EQ(MongoOperationOf(other), "") << other;
  }
}

TEST(MongoCommandTest, NamesNothingWithoutACommand) {
  for (const std::string& bytes : {std::string(), std::string("x"), BsonDocument({})}) {
    const MongoCommand command = CommandOf(bytes);
    EXPECT_EQ(command.operation + command.collection + command.text, "");
  }
}

}  // namespace
}  // namespace nodespan::spans
