// SPDX-License-Identifier: Apache-2.0
// Which database a Go SQL driver talks to (SPEC section 3.4). Pure functions over a table.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "spans/sql_dialect.h"

namespace nodespan::spans {

// Static storage.
struct DbSystem {
  std::string_view name;                 // db.system.name; "other_sql" for what the conventions do not list
  std::string_view old_name;             // db.system
  std::optional<uint16_t> default_port;  // Absent: there is no usual one.
  SqlDialect dialect = SqlDialect::kUnknown;
};

// `type_name`: the concrete type behind driver.Conn as "*path/of/package.Type"; vendored packages and any major version
// are recognised, and so is the form that %T prints ("*pq.conn"). Wrappers (otelsql, sqlmock) and unknown drivers, too
// an empty or cut name, are other_sql of an unknown dialect. A driver says which protocol is spoken: CockroachDB,
// Redshift and the like look like PostgreSQL when they are used through its drivers, MariaDB like MySQL.
const DbSystem& DbSystemOfDriver(std::string_view type_name);

}  // namespace nodespan::spans
