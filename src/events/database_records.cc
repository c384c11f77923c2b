// SPDX-License-Identifier: Apache-2.0
#include <array>

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
    DatabaseOperation::kCommit,        DatabaseOperation::kRollback,     DatabaseOperation::kPing};

std::optional<uint64_t> NonZero(uint64_t value) { return value == 0 ? std::nullopt : std::optional(value); }

}  // namespace

absl::StatusOr<Event> ReadDatabase(const EventHeader& header, std::span<const std::byte> record) {
  ns_database_record raw;
  NODESPAN_RETURN_IF_ERROR(ReadFixed(kName, record, &raw));
  if (raw.operation == 0 || raw.operation >= NS_DB_OP_COUNT) {
    return Malformed("database record: operation {}", raw.operation);
  }
  DatabaseStrings strings;
  NODESPAN_RETURN_IF_ERROR(ReadStrings(kName, raw.header, record.subspan(sizeof(raw)), kStrings, strings));
  absl::StatusOr<Event> result(absl::in_place, std::in_place_type<DatabaseEvent>);
  auto& event = std::get<DatabaseEvent>(*result);
  event.header = header;
  event.operation = kOperations[raw.operation];
  event.driver_type_vaddr = NonZero(raw.driver_type_vaddr);
  event.query = strings.query;
  event.server_address = strings.server;
  event.database = strings.database;
  if ((raw.present & NS_DB_HAS_PORT) != 0 && raw.server_port != 0) {
    event.server_port = raw.server_port;
  }
  if ((raw.present & NS_DB_FAILED) != 0) {
    DatabaseError& error = event.error.emplace();
    error.type_vaddr = NonZero(raw.error_type_vaddr);
    error.message = strings.message;
    error.code = strings.code;
    error.is_panic = (raw.present & NS_DB_PANICKED) != 0;
    if ((raw.present & NS_DB_HAS_ERROR_NUMBER) != 0) {
      error.number = raw.error_number;
    }
  }
  return result;
}

}  // namespace nodespan::events
