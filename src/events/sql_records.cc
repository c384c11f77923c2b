// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "absl/utility/utility.h"
#include "base/status_macros.h"
#include "events/record_fields.h"
#include "events/record_types.h"

namespace nodespan::events {
namespace {

constexpr std::string_view kName = "SQL";

// The strings of the record, before it is known whether there was an error.
struct SqlStrings {
  EventString query;
  EventString server;
  EventString database;
  EventString code;
  EventString message;
};

constexpr std::array<StringField<SqlStrings>, NS_SQL_STRING_COUNT> kStrings = {{
    {NS_SQL_MAX_QUERY, &SqlStrings::query},
    {NS_SQL_MAX_SERVER, &SqlStrings::server},
    {NS_SQL_MAX_DATABASE, &SqlStrings::database},
    {NS_SQL_MAX_CODE, &SqlStrings::code},
    {NS_SQL_MAX_MESSAGE, &SqlStrings::message},
}};

// By the record's number of the operation; 0 is none.
constexpr std::array<SqlOperation, NS_SQL_OP_COUNT> kOperations = {
    SqlOperation::kQuery,         SqlOperation::kQuery,        SqlOperation::kExec,
    SqlOperation::kPreparedQuery, SqlOperation::kPreparedExec, SqlOperation::kBegin,
    SqlOperation::kCommit,        SqlOperation::kRollback,     SqlOperation::kPing};

std::optional<uint64_t> NonZero(uint64_t value) { return value == 0 ? std::nullopt : std::optional(value); }

}  // namespace

absl::StatusOr<Event> ReadSql(const EventHeader& header, std::span<const std::byte> record) {
  ns_sql_record raw;
  NODESPAN_RETURN_IF_ERROR(ReadFixed(kName, record, &raw));
  if (raw.operation == 0 || raw.operation >= NS_SQL_OP_COUNT) {
    return Malformed("SQL record: operation {}", raw.operation);
  }
  SqlStrings strings;
  NODESPAN_RETURN_IF_ERROR(ReadStrings(kName, raw.header, record.subspan(sizeof(raw)), kStrings, strings));
  absl::StatusOr<Event> result(absl::in_place, std::in_place_type<SqlEvent>);
  auto& event = std::get<SqlEvent>(*result);
  event.header = header;
  event.operation = kOperations[raw.operation];
  event.driver_type_vaddr = NonZero(raw.driver_type_vaddr);
  event.query = strings.query;
  event.server_address = strings.server;
  event.database = strings.database;
  event.pool_wait_ns = NonZero(raw.pool_wait_ns);
  if ((raw.present & NS_SQL_HAS_PORT) != 0 && raw.server_port != 0) {
    event.server_port = raw.server_port;
  }
  if ((raw.present & NS_SQL_FAILED) != 0) {
    SqlError& error = event.error.emplace();
    error.type_vaddr = NonZero(raw.error_type_vaddr);
    error.message = strings.message;
    error.code = strings.code;
    error.is_panic = (raw.present & NS_SQL_PANICKED) != 0;
    if ((raw.present & NS_SQL_HAS_ERROR_NUMBER) != 0) {
      error.number = raw.error_number;
    }
  }
  return result;
}

}  // namespace nodespan::events
