// SPDX-License-Identifier: Apache-2.0
#include "spans/redis_call.h"

#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace nodespan::spans {
namespace {

using events::DatabaseEvent;
using events::DatabaseOperation;
using events::RedisCommands;

// The record's bytes of commands with so many arguments.
std::string Commands(const std::vector<std::pair<std::string, uint8_t>>& commands) {
  std::string bytes;
  for (const auto& [name, argument_count] : commands) {
    bytes += static_cast<char>(name.size());
    bytes += static_cast<char>(argument_count);
    bytes += name;
  }
  return bytes;
}

RedisCall CallOf(DatabaseOperation operation, const std::string& commands, uint32_t batch_size = 0, bool more = false) {
  DatabaseEvent event;
  event.operation = operation;
  event.commands = RedisCommands(commands);
  event.batch_size = batch_size;
  event.has_more_commands = more;
  return ReadRedisCall(event, true);
}

TEST(RedisCallTest, NamesACommandAsItIsSent) {
  const RedisCall call = CallOf(DatabaseOperation::kCommand, Commands({{"hset", 5}}));
  EXPECT_EQ(call.operation, "hset");
  EXPECT_EQ(call.text, "hset ? ? ? ? ?");
  EXPECT_EQ(call.batch_size, std::nullopt);
}

TEST(RedisCallTest, CutsTheTextOfManyArguments) {
  const RedisCall call = CallOf(DatabaseOperation::kCommand, Commands({{"mset", 255}}));
  EXPECT_EQ(call.text, "mset ? ? ? ? ? ? ? ? ? ? ? ? ? ? ? ? ...");
}

TEST(RedisCallTest, LeavesAnUnknownCommandUnnamed) {
  const RedisCall call = CallOf(DatabaseOperation::kCommand, Commands({{"", 2}}));
  EXPECT_EQ(call.operation, "");
  EXPECT_EQ(CallOf(DatabaseOperation::kCommand, "").operation, "");
}

TEST(RedisCallTest, NamesPipelinesAfterTheirCommandsWhenTheyAreAlike) {
  const RedisCall alike = CallOf(DatabaseOperation::kPipeline, Commands({{"get", 1}, {"get", 1}}), 2);
  EXPECT_EQ(alike.operation, "PIPELINE get");
  EXPECT_EQ(alike.text, "get ?");
  EXPECT_EQ(alike.batch_size, 2U);
  const RedisCall mixed = CallOf(DatabaseOperation::kClusterPipeline, Commands({{"get", 1}, {"set", 2}}), 2);
  EXPECT_EQ(mixed.operation, "PIPELINE");
  EXPECT_EQ(mixed.text, "get ?; set ? ?");
}

TEST(RedisCallTest, DoesNotNameAPipelineAfterItsFirstCommandsOnly) {
  const RedisCall call = CallOf(DatabaseOperation::kPipeline, Commands({{"get", 1}, {"get", 1}}), 100, true);
  EXPECT_EQ(call.operation, "PIPELINE");
  EXPECT_EQ(call.text, "get ?; get ?; ...");
  EXPECT_EQ(call.batch_size, 100U);
}

TEST(RedisCallTest, CountsTheCommandsOfATransactionWithoutItsBrackets) {
  const std::string commands = Commands({{"multi", 0}, {"incr", 1}, {"incr", 1}, {"exec", 0}});
  const RedisCall call = CallOf(DatabaseOperation::kPipeline, commands, 4);
  EXPECT_EQ(call.operation, "MULTI incr");
  EXPECT_EQ(call.text, "incr ?");
  EXPECT_EQ(call.batch_size, 2U);
}

// Conventions: batches of one are single operations.
TEST(RedisCallTest, TakesABatchOfOneForASingleCommand) {
  const RedisCall pipeline = CallOf(DatabaseOperation::kPipeline, Commands({{"get", 1}}), 1);
  EXPECT_EQ(pipeline.operation, "get");
  EXPECT_EQ(pipeline.batch_size, std::nullopt);
  const RedisCall transaction =
      CallOf(DatabaseOperation::kPipeline, Commands({{"multi", 0}, {"get", 1}, {"exec", 0}}), 3);
  EXPECT_EQ(transaction.operation, "get");
  EXPECT_EQ(transaction.text, "get ?");
}

TEST(RedisCallTest, CountsAnEmptyTransaction) {
  const RedisCall call = CallOf(DatabaseOperation::kPipeline, Commands({{"multi", 0}, {"exec", 0}}), 2);
  EXPECT_EQ(call.operation, "MULTI");
  EXPECT_EQ(call.batch_size, 0U);
}

TEST(RedisCallTest, FindsThePrefixOfTheServersErrors) {
  EXPECT_EQ(RedisErrorPrefix("WRONGTYPE Operation against a key"), "WRONGTYPE");
  EXPECT_EQ(RedisErrorPrefix("EXECABORT"), "EXECABORT");
  EXPECT_EQ(RedisErrorPrefix("redis: transaction failed"), "");
  EXPECT_EQ(RedisErrorPrefix("Error without prefix"), "");
  EXPECT_EQ(RedisErrorPrefix(""), "");
}

}  // namespace
}  // namespace nodespan::spans
