// SPDX-License-Identifier: Apache-2.0
// Names of the database attributes in both generations of the semantic conventions (SPEC section 3.4).
#pragma once

#include "spans/attribute_name.h"

namespace nodespan::spans::db {

// The two generations also differ in the values.
inline constexpr AttributeName kSystemStable{"db.system.name", ""};
inline constexpr AttributeName kSystemOld{"", "db.system"};

inline constexpr AttributeName kNamespace{"db.namespace", "db.name"};
// A number in the old conventions.
inline constexpr AttributeName kNamespaceOfIndex{"db.namespace", ""};
inline constexpr AttributeName kRedisDatabaseIndexOld{"", "db.redis.database_index"};
inline constexpr AttributeName kOperationBatchSize{"db.operation.batch.size", ""};
inline constexpr AttributeName kOperationName{"db.operation.name", "db.operation"};
inline constexpr AttributeName kCollectionName{"db.collection.name", "db.sql.table"};
inline constexpr AttributeName kMongoCollectionName{"db.collection.name", "db.mongodb.collection"};
inline constexpr AttributeName kStoredProcedureName{"db.stored_procedure.name", ""};
inline constexpr AttributeName kQuerySummary{"db.query.summary", ""};
inline constexpr AttributeName kQueryText{"db.query.text", "db.statement"};
inline constexpr AttributeName kResponseStatusCode{"db.response.status_code", ""};
inline constexpr AttributeName kErrorType{"error.type", ""};
// The old names are those of the last old conventions (1.24), which had renamed net.peer.* already.
inline constexpr AttributeName kServerAddress{"server.address", "server.address"};
inline constexpr AttributeName kServerPort{"server.port", "server.port"};

// No convention: the conventions know the time that a caller waits for a connection of the pool only as the metric
// db.client.connection.wait_time. The same thing in the same unit (seconds), for one call.
inline constexpr AttributeName kPoolWaitTime{"nodespan.db.client.connection.wait_time",
                                             "nodespan.db.client.connection.wait_time"};

}  // namespace nodespan::spans::db
