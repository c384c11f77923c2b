// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>

#include "absl/utility/utility.h"
#include "base/status_macros.h"
#include "events/record_fields.h"
#include "events/record_types.h"

namespace nodespan::events {
namespace {

constexpr std::string_view kName = "database";

// The strings of the record, before it is known whether there was an error.
struct DatabaseStrings {
  EventString query;
  EventString server;
  EventString database;
  EventString code;
  EventString message;
};

constexpr std::array<StringField<DatabaseStrings>, NS_DB_STRING_COUNT> kStrings = {{
    {NS_DB_MAX_QUERY, &DatabaseStrings::query},
    {NS_DB_MAX_SERVER, &DatabaseStrings::server},
    {NS_DB_MAX_DATABASE, &DatabaseStrings::database},
    {NS_DB_MAX_CODE, &DatabaseStrings::code},
    {NS_DB_MAX_MESSAGE, &DatabaseStrings::message},
}};

// By the record's number of the operation; 0 is none.
constexpr std::array<DatabaseOperation, NS_DB_OP_COUNT> kOperations = {
    DatabaseOperation::kQuery,         DatabaseOperation::kQuery,        DatabaseOperation::kExec,
    DatabaseOperation::kPreparedQuery, DatabaseOperation::kPreparedExec, DatabaseOperation::kBegin,
    DatabaseOperation::kCommit,        DatabaseOperation::kRollback,     DatabaseOperation::kPing,
    DatabaseOperation::kCommand,       DatabaseOperation::kPipeline,     DatabaseOperation::kClusterPipeline,
    DatabaseOperation::kPrepare,       DatabaseOperation::kBatch,        DatabaseOperation::kCopy};

constexpr std::array<DatabaseLibrary, NS_DB_LIBRARY_COUNT> kLibraries = {
    DatabaseLibrary::kDatabaseSql, DatabaseLibrary::kRedis, DatabaseLibrary::kPgx, DatabaseLibrary::kMongo};

std::optional<uint64_t> NonZero(uint64_t value) { return value == 0 ? std::nullopt : std::optional(value); }

// Takes the text, or the commands, where the record has them.
absl::Status ReadStatement(const EventString& string, DatabaseEvent& event) {
  if (event.library != DatabaseLibrary::kRedis) {
    event.query = string;
    return absl::OkStatus();
  }
  if (!RedisCommands::IsWhole(string.text)) {
    return Malformed("database record: a command ends behind the commands");
  }
  event.commands = RedisCommands(string.text);
  event.has_more_commands = string.cut;
  return absl::OkStatus();
}

}  // namespace

bool RedisCommands::IsWhole(std::string_view bytes) {
  while (bytes.size() >= sizeof(ns_redis_command)) {
    const size_t command_bytes = sizeof(ns_redis_command) + static_cast<uint8_t>(bytes.front());
    if (command_bytes > bytes.size()) {
      return false;
    }
    bytes.remove_prefix(command_bytes);
  }
  return bytes.empty();
}

std::optional<RedisCommand> RedisCommands::Next() {
  if (rest_.empty()) {
    return std::nullopt;
  }
  ns_redis_command raw;
  std::memcpy(&raw, rest_.data(), sizeof(raw));
  rest_.remove_prefix(sizeof(raw));
  const RedisCommand command{.name = rest_.substr(0, raw.name_bytes), .argument_count = raw.argument_count};
  rest_.remove_prefix(raw.name_bytes);
  return command;
}

absl::StatusOr<Event> ReadDatabase(const EventHeader& header, std::span<const std::byte> record) {
  ns_database_record raw;
  NODESPAN_RETURN_IF_ERROR(ReadFixed(kName, record, &raw));
  if (raw.operation == 0 || raw.operation >= NS_DB_OP_COUNT) {
    return Malformed("database record: operation {}", raw.operation);
  }
  if (raw.library >= NS_DB_LIBRARY_COUNT) {
    return Malformed("database record: library {}", raw.library);
  }
  DatabaseStrings strings;
  NODESPAN_RETURN_IF_ERROR(ReadStrings(kName, raw.header, record.subspan(sizeof(raw)), kStrings, strings));
  absl::StatusOr<Event> result(absl::in_place, std::in_place_type<DatabaseEvent>);
  auto& event = std::get<DatabaseEvent>(*result);
  event.header = header;
  event.operation = kOperations[raw.operation];
  event.driver_type_vaddr = NonZero(raw.driver_type_vaddr);
  event.function_vaddr = NonZero(raw.function_vaddr);
  event.library = kLibraries[raw.library];
  NODESPAN_RETURN_IF_ERROR(ReadStatement(strings.query, event));
  event.batch_size = raw.batch_size;
  event.server_address = strings.server;
  event.database = strings.database;
  event.pool_wait_ns = NonZero(raw.pool_wait_ns);
  if ((raw.present & NS_DB_HAS_PORT) != 0 && raw.server_port != 0) {
    event.server_port = raw.server_port;
  }
  if ((raw.present & NS_DB_HAS_INDEX) != 0) {
    event.database_index = raw.database_index;
  }
  if ((raw.present & NS_DB_FAILED) != 0) {
    DatabaseError& error = event.error.emplace();
    error.type_vaddr = NonZero(raw.error_type_vaddr);
    error.message = strings.message;
    error.code = strings.code;
    error.is_answer = (raw.present & NS_DB_KNOWN_ERROR) != 0;
    error.is_panic = (raw.present & NS_DB_PANICKED) != 0;
    if ((raw.present & NS_DB_HAS_ERROR_NUMBER) != 0) {
      error.number = raw.error_number;
    }
  }
  return result;
}

}  // namespace nodespan::events
